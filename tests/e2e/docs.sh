#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The documents are true: every INI block passes `check`, links and named files exist, the README's first file
# does what the README says, and the commands of the tutorial print what the tutorial shows.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
root=$(cd "$(dirname "$0")/../.." && pwd)
[ -e "$root/README.md" ] || skip "there is no README.md"
cd "$root"
documents=(README.md docs/*.md)

# --- INI blocks ---------------------------------------------------------------------------------

# ini_blocks FILE PREFIX - writes each ```ini block to PREFIX.LINE.ini. A block of faults alone gets a proxy; "```ini http"
# gives that proxy a protocol.
ini_blocks() {
    awk -v prefix="$2" '
        function end() {
            out = prefix "." line ".ini"
            if (text !~ /\[proxy/)
                text = "[proxy main]\nlisten = 127.0.0.1:0\nupstream = builtin:http\nprotocol = " protocol "\n" text
            printf "%s", text >out
            close(out)
        }
        /^ *```ini/ { on = 1; line = FNR; text = ""; protocol = NF > 1 ? $NF : "raw"; next }
        /^ *```/ && on { on = 0; end() }
        on { text = text $0 "\n" }' "$1"
}

count=0
for document in "${documents[@]}"; do
    [ "$document" != docs/ADDING-A-FAULT.md ] || continue # its type of fault does not exist
    ini_blocks "$document" "$work/${document##*/}"
done
for block in "$work"/*.md.*.ini; do
    "$RUDEPROXY" check "$block" >"$work/out" 2>"$work/err" ||
        fail "the INI block at ${block##*/} is not valid: $(cat "$work/err")"
    ! grep -v '^rudeproxy: seed' "$work/err" | grep . || fail "check has notes on the INI block at ${block##*/}"
    count=$((count + 1))
done
long=$(awk '/^```ini/ { on = 1; lines = 0; next } /^```/ { on = 0 } on && ++lines > 6 { print FNR }' docs/COOKBOOK.md)
[ -z "$long" ] || fail "docs/COOKBOOK.md: a recipe of more than six lines, line $long"
[ "$count" -ge 60 ] || fail "only $count INI blocks were found"
note "$count INI blocks"

# --- Links --------------------------------------------------------------------------------------

# anchors FILE - the anchors that its headings make.
anchors() {
    sed -nE 's/^#+ +//p' "$1" | tr '[:upper:]' '[:lower:]' | sed 's/[^a-z0-9 _-]//g; s/ /-/g'
}

for document in "${documents[@]}" docs/performance/*.md CONTRIBUTING.md; do
    folder=.
    [[ $document != */* ]] || folder=${document%/*}
    while IFS= read -r link; do
        file=${link%%#*} anchor=
        [[ $link != *'#'* ]] || anchor=${link#*#}
        target=$document
        [ -z "$file" ] || target=$folder/$file
        [ -e "$target" ] || fail "$document: the link '$link' leads nowhere"
        [ -z "$anchor" ] || anchors "$target" | grep -xF -- "$anchor" >/dev/null || fail "$document: '$link': no such heading"
    done < <(grep -oE '\]\([^)]+\)' "$document" | sed 's/^](//; s/)$//' | grep -v '^https\?:' || true)
done

# --- Files that are named ------------------------------------------------------------------------

# shellcheck disable=SC2016 # no expressions
for document in docs/ARCHITECTURE.md docs/ADDING-A-PROTOCOL.md docs/TESTING.md CONTRIBUTING.md; do
    while IFS= read -r name; do
        [[ $name == *[[:upper:]]* ]] || compgen -G "$name" >/dev/null || fail "$document names $name, which is not there"
    done < <(grep -oE '`(proxy|config|tests|web|docker|clients|examples|scripts|cmake|packaging)/[^` ]*`' "$document" | tr -d '`')
done

# --- The README ---------------------------------------------------------------------------------

need curl
first=$(printf '%s\n' "$work"/README.md.*.ini | sort -V | sed -n 1p)
promised=$(sed -nE 's/^(curl: \([0-9]+\)).*/\1/p' README.md | sed -n 1p)
[ -n "$promised" ] || fail "README.md shows no error of curl"
# shellcheck disable=SC2016
path=$(sed -nE 's/.*curl [^`]*(localhost|127\.0\.0\.1):[0-9]+(\/[^ `"'\'']*).*/\2/p' README.md | sed -n 1p)

# The README's port may be taken: the proxy runs on one of its own.
sed -E 's/^(listen *= *).*/\1127.0.0.1:0/' "$first" >"$work/moved.ini"
proxy_ready=$work/proxy.ready proxy_err=$work/proxy.err
proxy_spawn -c "$work/moved.ini"
address=$(sed -n '1s/^[^ ]* //p' "$proxy_ready")

for ((i = 0; i < 3; i++)); do
    code=0
    web -o /dev/null "http://$address${path:-/}" 2>"$work/err" || code=$?
    [ "$code" -eq 0 ] || break
done
says "$work/err" "^curl: \\(${promised//[^0-9]/}\\)"
proxy_stop

# --- The tutorial -------------------------------------------------------------------------------

# It uses fixed ports, so it runs in a network of its own.
private=(unshare --net)
[ "$(id -u)" -eq 0 ] || private=(unshare --map-root-user --net)
if ! "${private[@]}" ip link set lo up 2>"$work/err"; then
    note "the tutorial was not run: no private network: $(head -n 1 "$work/err")"
    exit 0
fi

# Commands of a program that is not installed are left out, with the lines they print. Without nginx the upstream is
# builtin:http, which has the same file.
without='^$' upstream=127.0.0.1:8081
command -v nginx >/dev/null || without='nginx|:8081' upstream=builtin:http
command -v tshark >/dev/null || without+='|tshark'
note "left out of the tutorial: $without"

# "Write `NAME`" makes a file of the next block, a line that begins with "$ " is a command, other lines of a console
# block are what it prints.
mkdir "$work/tutorial" "$work/bin"
ln -s "$(realpath "$RUDEPROXY")" "$work/bin/rudeproxy"
awk -v without="$without" -v commands="$work/commands" -v expected="$work/expected" '
    /Write `[^`]*`/ { match($0, /Write `[^`]*`/); name = substr($0, RSTART + 7, RLENGTH - 8) }
    /^```console/ { console = 1; next }
    /^```[a-z]/ && name != "" { file = name; name = ""; print "cat >" file " <<\"END OF FILE\"" >commands; next }
    /^```/ {
        if (file != "") print "END OF FILE" >commands
        console = 0; file = ""; skipped = 0
        next
    }
    file != "" { print >commands }
    console && /^\$ / { skipped = $0 ~ without; if (!skipped) print substr($0, 3) >commands; next }
    console && !skipped { print >expected }' docs/TUTORIAL.md
sed -i "s/^upstream = 127.0.0.1:8081/upstream = $upstream/" "$work/commands"
# In a user namespace there is no user "nobody" to whom nginx, as root, could give its folder.
[ "$(id -u)" -eq 0 ] || sed -i 's/^daemon off;/user root; &/' "$work/commands"
cat >"$work/run" <<RUN
ip link set lo up
cd '$work/tutorial'
PATH='$work/bin':\$PATH
. '$work/commands'
kill \$(jobs -p)
wait
RUN
timeout 120 "${private[@]}" bash "$work/run" >"$work/transcript" 2>&1 </dev/null || true

# plain FILE - its lines without numbers, which differ from run to run, and with single blanks and dashes.
# How many bytes the server had sent when the fault fired is a matter of time, and so is whether the RSTs to both sides
# stand in one row.
plain() {
    sed -E 's/[0-9]+(\.[0-9]+)?/N/g; s/N(us|ms|s)\b/N/g; s/N,N/N/g; s/ +/ /g; s/^ //; s/-+/-/g; s/server=[a-zN.]+:N/server=N/; s/ server_unread=N//' "$1" |
        grep -vE 'left unread|X-|= RST =' || true
}
plain "$work/transcript" >"$work/transcript.plain"
while IFS= read -r line; do
    grep -qxF -- "$line" "$work/transcript.plain" || fail "the tutorial shows '$line'; its commands printed:
$(cat "$work/transcript")"
done < <(plain "$work/expected")
# These numbers do not differ.
says "$work/transcript" '^200 102400$'
says "$work/transcript" '^exit status 56$'
says "$work/transcript" 'fault=cut type=reset direction=downstream offset=51200$'
