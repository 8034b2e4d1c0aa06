#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Where a configuration comes from (files, a folder, standard input, the environment, options), what the
# help says, and what else the command line can do for a script.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

cat >"$work/web.ini" <<'INI'
[proxy web]
listen   = 127.0.0.1:0
upstream = builtin:http
INI
printf '[rudeproxy]\nseed = 5\nlog_format = text\n' >"$work/settings.ini"
proxy_ready=$work/ready proxy_err=$work/proxy.err

# has LINE - the effective configuration has this line.
has() {
    grep -qxE -- "$1" "$work/out" || fail "no line '$1' in $(cat "$work/out")"
}

# is_narrow WHAT - the output of WHAT fits into 80 columns.
is_narrow() {
    local wide
    wide=$(awk 'length > 80' "$work/out")
    [ -z "$wide" ] || fail "'$1' is wider than 80 columns: $wide"
}

# --- Help ---------------------------------------------------------------------------------------

expect 0 "$RUDEPROXY" faults
says "$work/out" '^ +reset +'
mapfile -t types < <(sed -nE 's/^  ([a-z_]+) .*/\1/p' "$work/out")
[ "${#types[@]}" -gt 20 ] || fail "the catalogue lists only ${types[*]}"
for words in --help help 'help run' faults "faults ${types[*]}" 'exec --help' 'help serve' 'help ctl' 'ctl --help' 'ctl toxic --help'; do
    # shellcheck disable=SC2086 # words
    expect 0 "$RUDEPROXY" $words
    [[ $words == faults* ]] || says "$work/out" 'usage'
    is_narrow "$words"
done
for script in scripts/bench scripts/static scripts/test scripts/test-bare docker/build; do
    expect 0 "$(dirname "$0")/../../$script" --help
    is_narrow "$script --help"
done
expect 0 "$RUDEPROXY" help serve
says "$work/out" '--port'
! grep -q -- --private-network "$work/out" || fail "help serve shows an option of exec"
expect 2 "$RUDEPROXY" help exce
says "$work/err" "did you mean 'exec'"
expect 0 "$RUDEPROXY" version
says "$work/out" '^rudeproxy [0-9]'
expect 2 "$RUDEPROXY" --falut 'type=reset'
says "$work/err" "did you mean '--fault'"
expect 2 "$RUDEPROXY" --lisen=127.0.0.1:0
says "$work/err" "did you mean '--listen'"
expect 2 "$RUDEPROXY" "$work/web.ini"
says "$work/err" 'rudeproxy run FILE'
expect 2 "$RUDEPROXY" check --report x
says "$work/err" "'check' takes no --report"
for option in --ready-fd=1 --ready-file=x --ready-format=json; do
    expect 2 "$RUDEPROXY" sweep -c "$work/web.ini" "$option" -- true
    says "$work/err" "'sweep' takes no ${option%=*}"
done
expect 0 "$RUDEPROXY" check "$work/web.ini" --ready-file x
expect 0 "$RUDEPROXY" help sweep
! grep -q -- --ready "$work/out" || fail "help sweep shows options that sweep does not take"
for command in exec sweep; do
    expect 2 "$RUDEPROXY" "$command" -c "$work/web.ini" --pass 80 -- true
    says "$work/err" '^rudeproxy: --pass has no effect without --intercept$'
done
for option in check setup jobs budget dir only; do
    expect 2 "$RUDEPROXY" sweep -c "$work/web.ini" "--$option" 1 "--$option" 2 -- true
    says "$work/err" "--$option is given twice"
done
expect 2 "$RUDEPROXY" sweep -c "$work/web.ini" --allow hung --allow failed --compare a --compare b \
    --sweep-fault reset --sweep-fault close --jobs 0 -- true
says "$work/err" '--jobs: .*out of range'
expect 2 "$RUDEPROXY" sweep -c "$work/web.ini" --timeout 999us -- true
says "$work/err" '--timeout: .*no time to wait'
expect 2 "$RUDEPROXY" check
says "$work/err" '^rudeproxy: nothing to do: give a file'
expect 2 "$RUDEPROXY" completion
says "$work/err" '^rudeproxy: completion needs a shell'
expect 2 "$RUDEPROXY" version now
says "$work/err" "'version' takes no 'now'"
expect 2 "$RUDEPROXY" exec -c "$work/web.ini" true
says "$work/err" 'is written after --'

# --- Files --------------------------------------------------------------------------------------

expect 0 "$RUDEPROXY" check "$work/web.ini"
has '\[proxy web\]'
expect 0 "$RUDEPROXY" check "$work/web.ini" "$work/settings.ini"
has 'seed *= 5'
expect 0 "$RUDEPROXY" check -c "$work/web.ini" -c "$work/settings.ini" --seed 6
has 'seed *= 6'
expect 2 "$RUDEPROXY" check -c "$work/web.ini" -c "$work/web.ini"
says "$work/err" 'web\.ini:1: \[proxy web\].*already'

# Options add proxies, and change none of the file.
printf '[proxy main]\nlisten = 127.0.0.1:0\nupstream = builtin:echo\n' >"$work/main.ini"
expect 2 "$RUDEPROXY" check "$work/main.ini" --listen 127.0.0.1:0 --upstream builtin:http
says "$work/err" '^--listen 1: \[proxy main\]: this section is already at .*main\.ini:1, rename it there'
same "problems of one name" 1 "$(wc -l <"$work/err")"
expect 0 "$RUDEPROXY" check "$work/web.ini" --listen 127.0.0.1:0 --upstream builtin:echo
has '\[proxy web\]'
has '\[proxy main\]'

mkdir "$work/folder"
cp "$work/web.ini" "$work/folder/20-web.ini"
cp "$work/settings.ini" "$work/folder/10-settings.ini"
echo nonsense >"$work/folder/notes.txt"
expect 0 "$RUDEPROXY" check "$work/folder"
has '\[proxy web\]'
has 'seed *= 5'
mkdir "$work/empty"
expect 2 "$RUDEPROXY" check "$work/empty"
says "$work/err" 'empty: there is no \*\.ini'

# given TEXT ARGS... - runs rudeproxy with this text as standard input.
given() {
    local text=$1
    shift
    # shellcheck disable=SC2016 # bash's own
    expect "$code" bash -c 'printf "%b" "$0" | "$@"' "$text" "$RUDEPROXY" "$@"
}
code=0 given '[proxy web]\nlisten=127.0.0.1:0\nupstream=builtin:http\n' check -c -
has '\[proxy web\]'
code=2 given '[proxy web]\nlisten=127.0.0.1:0\nupstrem=builtin:http\n' check -
says "$work/err" '^\(standard input\):3: \[proxy web\] upstrem'
code=2 given '' check -
says "$work/err" 'nothing to do'
code=2 given '[proxy web]\0' check -
says "$work/err" 'NUL'
# shellcheck disable=SC2016 # bash's own
expect 2 bash -c 'yes "; x" | head -c 1100000 | "$0" check -' "$RUDEPROXY"
says "$work/err" '^rudeproxy: standard input has more than 1 MiB'
expect 2 "$RUDEPROXY" check - -
says "$work/err" 'given twice'

# --- Intercepting proxies have names -------------------------------------------------------------

long=a-long-name.of-a-service.in-a-cluster.example.com
expect 0 "$RUDEPROXY" check --intercept 80 --intercept "$long:443" --intercept "$long:5432" --upstream a:1
has '\[proxy \*:80\]'
has '\[proxy main-2\]'
has "intercept *= $long:443"
has '\[proxy main-3\]'
expect 2 "$RUDEPROXY" check --intercept 80 --upstream a:1 --intercept 80 --upstream b:1
says "$work/err" '^--intercept 2: \[proxy main-2\] intercept: \[proxy \*:80\] intercepts 80 already'
expect 2 "$RUDEPROXY" check --intercept 'a b:80'
says "$work/err" '^--intercept 1: \[proxy main\] intercept: '
same "problems of one name" 1 "$(wc -l <"$work/err")"

# --- The environment ----------------------------------------------------------------------------

expect 0 env RUDEPROXY_CONFIG="$work/folder" "$RUDEPROXY" check
has 'seed *= 5'
expect 0 env RUDEPROXY_CONFIG="$work/web.ini" "$RUDEPROXY" check -c "$work/settings.ini" --listen 127.0.0.1:0 --upstream builtin:echo
! grep -q '\[proxy web\]' "$work/out" || fail "-c did not win over RUDEPROXY_CONFIG"
has 'seed *= 5'
export RUDEPROXY_SEED=7 RUDEPROXY_LOG=stdout RUDEPROXY_LOG_FORMAT=json RUDEPROXY_ADMIN=127.0.0.1:0
expect 0 "$RUDEPROXY" check "$work/folder" --log-format text
has 'seed *= 7'
has 'log *= stdout'
has 'log_format *= text'
has 'admin *= 127\.0\.0\.1:0'
unset RUDEPROXY_LOG RUDEPROXY_LOG_FORMAT
expect 2 env RUDEPROXY_SEED=twelve "$RUDEPROXY" check "$work/web.ini"
says "$work/err" '^RUDEPROXY_SEED: \[rudeproxy\] seed: '
printf 'sesame-open-7\nsecond line\n' >"$work/token"
expect 0 env RUDEPROXY_ADMIN_TOKEN_FILE="$work/token" "$RUDEPROXY" check "$work/web.ini"
has 'admin_token *= sesame-open-7'
expect 0 env RUDEPROXY_ADMIN_TOKEN=another-one RUDEPROXY_ADMIN_TOKEN_FILE="$work/token" "$RUDEPROXY" check "$work/web.ini"
has 'admin_token *= sesame-open-7'
# A token is taken as it is: the syntax of the file means nothing in it.
token_is() { # TOKEN LINE - however it is given, `check` prints this line.
    printf '%s\nsecond line\n' "$1" >"$work/token"
    for how in "RUDEPROXY_ADMIN_TOKEN=$1" "RUDEPROXY_ADMIN_TOKEN_FILE=$work/token" RUDEPROXY_LOG=; do
        local option=()
        [ "$how" != RUDEPROXY_LOG= ] || option=(--admin-token "$1")
        expect 0 env "$how" "$RUDEPROXY" check "$work/web.ini" "${option[@]}"
        grep -qxF -- "$2" "$work/out" || fail "$how: no line '$2' in $(cat "$work/out")"
    done
}
token_is '"quoted-7"' 'admin_token = "\"quoted-7\""'
token_is 'ab"cdefgh' 'admin_token = "ab\"cdefgh"'
token_is '#;\x41"b"' 'admin_token = #;\x41"b"'
expect 2 "$RUDEPROXY" check "$work/web.ini" --admin-token 'with a ;blank'
says "$work/err" '^--admin-token 1: \[rudeproxy\] admin_token: a token has no blanks'
expect 2 env RUDEPROXY_ADMIN_TOKEN_FILE="$work/none" "$RUDEPROXY" check "$work/web.ini"
says "$work/err" '^RUDEPROXY_ADMIN_TOKEN_FILE: cannot read .*none'

# What cannot be read hides no other problem, and causes none.
printf '[proxy web]\nlisten = 127.0.0.1:0\nupstrem = builtin:http\n' >"$work/wrong.ini"
expect 2 env RUDEPROXY_ADMIN_TOKEN_FILE="$work/none" RUDEPROXY_ADMIN=0.0.0.0:0 "$RUDEPROXY" check "$work/empty" "$work/wrong.ini"
says "$work/err" 'empty: there is no \*\.ini'
says "$work/err" '^RUDEPROXY_ADMIN_TOKEN_FILE: cannot read '
says "$work/err" 'wrong\.ini:3: '
same "problems" 3 "$(wc -l <"$work/err")"

# A program without arguments, and what its command inherits.
proxy_spawn_bare() {
    RUDEPROXY_CONFIG=$work/web.ini "$RUDEPROXY" </dev/null >/dev/null 2>"$proxy_err" &
    proxy_pid=$!
}
proxy_spawn_bare
eventually 20 grep -q 'seed 7' "$proxy_err" || fail "it does not run: $(cat "$proxy_err")"
proxy_stop
unset RUDEPROXY_SEED RUDEPROXY_ADMIN
expect 0 env RUDEPROXY_CONFIG="$work/web.ini" RUDEPROXY_ADMIN_TOKEN=sesame-open-7 RUDEPROXY_LOG=none \
    RUDEPROXY_TOKEN=stays "$RUDEPROXY" exec -- env
says "$work/out" '^RUDEPROXY_WEB_ADDR='
says "$work/out" '^RUDEPROXY_TOKEN=stays'
! grep -qE '^RUDEPROXY_(CONFIG|LOG|ADMIN_TOKEN)=' "$work/out" || fail "the command inherits: $(cat "$work/out")"

# --- Readiness as JSON, quiet -------------------------------------------------------------------

proxy_spawn run "$work/web.ini" --admin "unix:$work/admin.sock" --ready-format json --quiet
eventually 20 test -s "$proxy_ready" || fail "the ready file is empty"
port=$(sed -nE 's/.*"web": \{"host": "127\.0\.0\.1", "port": ([0-9]+), "address": "127\.0\.0\.1:([0-9]+)"\}.*/\1 \2/p' "$proxy_ready")
[[ -n $port && ${port% *} == "${port#* }" ]] || fail "the ready file is $(cat "$proxy_ready")"
says "$proxy_ready" "\"admin\": \{\"address\": \"unix:$work/admin.sock\"\}"
same "lines of the ready file" 1 "$(wc -l <"$proxy_ready")"
proxy_stop
! grep -q connections "$proxy_err" || fail "--quiet prints a summary: $(cat "$proxy_err")"
rm "$proxy_ready"
# A path that is not UTF-8 is spelled as in the log: the byte 0xff is U+F7FF. So it is in the report.
printf '[proxy other]\nlisten = unix:%s/\xff.sock\nupstream = builtin:echo\n' "$work" >"$work/bytes.ini"
proxy_spawn run "$work/bytes.ini" --ready-format json --quiet --report "$work/bytes.json"
proxy_stop
for file in "$proxy_ready" "$work/bytes.json"; do
    grep -qF -e "unix:$work/"$'\xef\x9f\xbf.sock"' -e "unix:$work/\uF7FF.sock\"" "$file" || fail "the path of the socket is not in: $(cat "$file")"
done
rm "$proxy_ready"
expect 2 "$RUDEPROXY" "$work/web.ini" --ready-format xml
says "$work/err" "unknown command|write text or json"
expect 2 "$RUDEPROXY" run "$work/web.ini" --ready-format xml
says "$work/err" "write text or json"

# --- The text log, and keys that do not exist ---------------------------------------------------

proxy_spawn --listen 127.0.0.1:0 --upstream builtin:http --fault 'type=reset when=bytes:1k' --log "$work/text.log"
expect 56 web -o /dev/null "http://$(sed -n '1s/^[^ ]* //p' "$proxy_ready")/bytes/5000"
proxy_stop
rm "$proxy_ready"
says "$work/text.log" 'main#1 closed cause=fault cause_fault=fault-1 after=[0-9.]+[mu]?s up=[0-9]+ down=1024 client=rst_sent server=rst_sent'
long=$(awk 'length > 180' "$work/text.log")
[ -z "$long" ] || fail "a long line in the text log: $long"

# wrong SECTION KEY VALUE WHAT - what a key is answered with.
wrong() {
    printf '[proxy web]\nlisten = 127.0.0.1:0\nupstream = builtin:http\n[fault f]\ntype = reset\n' >"$work/wrong.ini"
    sed -i "/^\[$1/a $2 = $3" "$work/wrong.ini"
    expect 2 "$RUDEPROXY" check "$work/wrong.ini"
    says "$work/err" "$4"
}
wrong fault match '"x"' 'unknown key, write when = match:"\.\.\."'
wrong fault trigger bytes:5 'unknown key, write when = bytes:1k'
wrong fault count 3 'unknown key, write times = 3'
wrong fault probability 3 'unknown key, write chance = 25%'
wrong fault cahnce 3 "unknown key, did you mean 'chance'\?$"
wrong proxy backend x:1 'unknown key, write upstream = '
wrong proxy upstream http://db:80 'an address has no scheme, write db:80'
printf '[proxy web]\nlisten = 127.0.0.1:0\nupstream = builtin:http\n[fault f]\ntpye = reset\nmode = abrupt\n' >"$work/wrong.ini"
expect 2 "$RUDEPROXY" check "$work/wrong.ini"
same "problems of tpye" 1 "$(wc -l <"$work/err")"
says "$work/err" "tpye: unknown key, did you mean 'type'"

# --- --die-with-parent --------------------------------------------------------------------------

# shellcheck disable=SC2016 # bash's own
bash -c '"$0" run "$1" --ready-file "$2" --die-with-parent 2>"$3" & echo $! >"$4"; wait' \
    "$RUDEPROXY" "$work/web.ini" "$proxy_ready" "$proxy_err" "$work/child" &
parent=$!
eventually 20 test -s "$proxy_ready" || fail "it does not run: $(cat "$proxy_err")"
child=$(cat "$work/child")
kill -KILL "$parent"
wait "$parent" 2>/dev/null || true
eventually 20 process_gone "$child" || { kill -KILL "$child"; fail "it outlived its parent"; }
says "$proxy_err" 'parent process has ended'
