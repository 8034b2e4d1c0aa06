#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Every command that a document shows is run, or stands below in `elsewhere` with the reason why not.

# The commands use fixed ports, so they run in a network of their own.
private=(unshare --net)
[ "$(id -u)" -eq 0 ] || private=(unshare --map-root-user --net)
if [ -z "${DOCS_PRIVATE:-}" ] && "${private[@]}" ip link set lo up 2>/dev/null; then
    DOCS_PRIVATE=1 exec "${private[@]}" bash "$0"
fi
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
root=$(cd "$(dirname "$0")/../.." && pwd)
[ -e "$root/README.md" ] || skip "there is no README.md"
need curl unshare
[ -n "${DOCS_PRIVATE:-}" ] || skip "no private network"
ip link set lo up
mkdir "$work/bin" "$work/try"
ln -s "$(realpath "$RUDEPROXY")" "$work/bin/rudeproxy"
PATH=$work/bin:$PATH

# shown FILE - its commands: the lines of a sh block, the lines of a console block that begin with "$ ", the lines that begin with
# a program in indented code and in blocks without a language, and inline code that begins with "rudeproxy ", "scripts/" or
# "tshark -r ". A line that ends in \ continues. Comments behind commands are cut off.
programs='rudeproxy|curl|docker|podman|tshark|unshare|sudo|cmake|ctest|node|npm|python3|go|chrt'
shown() {
    awk -v program="^ *(($programs) [^:]|(scripts|build)/)" '
        function show(line) {
            sub(/^ */, "", line)
            sub(/  +#.*/, "", line)
            if (sub(/ *\\$/, "", line)) { start = start line " "; return }
            if (start line != "") print start line
            start = ""
        }
        /^ *```sh/ { on = 1; next }
        /^ *```console/ { on = 2; next }
        /^ *```/ { on = on ? 0 : $0 ~ /```$/ ? 3 : 4; next }
        start != "" || on == 1 || (on == 2 && sub(/^\$ /, "")) { show($0); next }
        (on == 3 || (on == 0 && /^    /)) && $0 ~ program { show($0); next }
        on == 0 { text = text $0 " " }
        END {
            while (match(text, /`(rudeproxy |tshark -r |scripts\/)[^`]+`/)) {
                print substr(text, RSTART + 1, RLENGTH - 2)
                text = substr(text, RSTART + RLENGTH)
            }
        }' "$1"
}

# Rows "DOCUMENT: COMMAND|why it is not run here"; both are patterns.
elsewhere=(
    'docs/TUTORIAL.md: *|e2e.docs runs it'
    'docs/API.md: curl *|e2e.api_manual runs it'
    'docs/API.md: exec 3<>*|e2e.api_manual runs it'
    'docs/API.md: rudeproxy ctl [ctfk]*|e2e.api_manual runs it'
    'docs/SCENARIOS.md: *demo table*|it takes 15 s: e2e.demo runs it'
    'docs/ADDING-A-FAULT.md: rudeproxy faults echo_fin|its type of fault does not exist'
    'docs/UI.md: xdg-open *|it opens a browser: e2e.api_page_browser runs one'
    'README.md: export PATH=*|the program under test stands in PATH'
    'CONTRIBUTING.md: *|it builds the program and runs all tests'
    'docs/TESTING.md: *|it is a test itself'
    '*: scripts/*|it installs packages, builds the program or works for minutes'
    'docs/performance/*: *|it measures for minutes'
)
used=()
runs_elsewhere() {
    local i
    for i in "${!elsewhere[@]}"; do
        # shellcheck disable=SC2053 # a pattern
        if [[ "$document: $command" == ${elsewhere[i]%|*} ]]; then
            used[i]=1
            check_files
            return
        fi
    done
    return 1
}

# check_files - the scripts, sources of tests and programs of tests that $command names are there.
check_files() {
    local words word
    read -ra words <<<"$command"
    for word in "${words[@]}"; do
        case $word in
        build/release/tests/*)
            word=${word#build/release/}
            word=${word/_/\/}.c
            ;;
        scripts/* | tests/*) ;;
        *) continue ;;
        esac
        [ -e "$root/$word" ] || fail "$document shows '$command', but there is no $word"
    done
}

# filled COMMAND - with the words in capitals, which stand for words of the reader, replaced.
filled() {
    sed -E -e 's/ \[options\]//' -e 's/ ARGS\.\.\.//' -e 's/\bFILE\b(\.\.\.)?/cut.ini/' -e 's/\bLOG\b/run.log/' \
        -e 's/\[?\bTYPE\]?/reset/' -e 's/\[?\bNAME(\.\.\.\])?/reset-after-reply/' -e 's/\bSHELL\b/bash/' \
        -e 's/\[COMMAND\]/exec/' -e 's/ctl COMMAND\b/ctl list/' -e 's/\[ADDRESS\]/127.0.0.1:8474/' -e 's/\[ctl.*\]/ini/' \
        -e 's/ A --upstream B$/ 127.0.0.1:8080 --upstream builtin:http/' -e 's/ PORT / 5432 /' -e "s/-- CMD\$/-- sh -c 'exit 7'/" \
        <<<"$1"
}

# The files that the commands name. A file of faults is like those of the README and of the manual.
cd "$work/try"
mkdir docs
awk '/^```ini/ && !done { on = 1; next } /^```/ { done = done || on; on = 0 } on' "$root/README.md" >cut.ini
sed '/^\[fault/,$d' cut.ini >web.ini
cp cut.ini faults.ini
awk '
    /^## / { tasks = /^## Tasks/ }
    tasks && /^```ini/ { on = ++count; next }
    /^```/ { on = 0 }
    on { print >("task." on ".ini") }' "$root/docs/MANUAL.md"
cat >proxies.json <<'JSON'
[{"name": "web", "listen": "127.0.0.1:8080", "upstream": "127.0.0.1:80"}]
JSON
# Of two downloads, the second one is cut.
cat >my-tests <<'SH'
#!/bin/sh
for i in 1 2; do curl -q -s -o /dev/null "http://${RUDEPROXY_WEB_ADDR:-127.0.0.1:443}/bytes/100k"; done
exit 0
SH
cat >my-app <<'SH'
#!/bin/bash
exec 3<>/dev/tcp/127.0.0.1/5432
echo 'COMMIT;' >&3
! read -r -t 20 -u 3 answer
SH
# A client that orders again when the answer is lost, and the server's note of each order.
sed 's/\[proxy web\]/[proxy shop]/; s/:8080/:0/; /^\[fault/,$d' cut.ini >shop.ini
cat >order-client <<'SH'
#!/bin/sh
order() { echo order >>"orders/$RUDEPROXY_RUN" && curl -q -s "http://$RUDEPROXY_SHOP_ADDR/bytes/10"; }
order || order
SH
chmod +x my-tests my-app order-client
download=(curl -q -sS -o /dev/null http://127.0.0.1:8080/bytes/100k)

started=
# start PORTS - runs $command until `stop` or the next start, and waits until it listens at one of the ports "A|B".
start() {
    [ -z "$started" ] || stop
    rm -f ready
    eval "${command%&} --ready-file ready >$work/started 2>&1 &"
    started=$!
    start_command=$command
    servers+=("$started")
    eventually 20 test -s ready || fail "'$command' does not start: $(cat "$work/started")"
    grep -qE ":($1)\$" ready || fail "'$command' does not listen at port $1: $(cat ready)"
}
stop() {
    kill "$started"
    wait "$started" || fail "exit $? of the program that was started by '$start_command'"
    started=
}
run() { # CODES
    expect "$1" timeout 300 bash -c "$command"
}
run_with() { # PORT UPSTREAM CODES
    local original=$command
    command="rudeproxy --listen 127.0.0.1:$1 --upstream $2"
    start "$1"
    command=$original
    run "$3"
    stop
}
# api_ready - the API of the documents' ports, with the proxy "redis" that their commands change.
api_ready() {
    local original=$command
    if [ -z "$started" ] || ! grep -q ':8474$' ready; then
        command='rudeproxy serve'
        start 8474
    fi
    command=$original
    [[ $command == *' ctl create '* ]] || rudeproxy ctl create -l 127.0.0.1:26379 -u builtin:echo redis &>"$work/out" || :
}

downloads=0
run_command() {
    case $command in
    'cat web.ini') # it is not there yet
        awk '/^\$ cat web.ini/ { on = 1; next } /^(\$|```)/ { on = 0 } on' "$root/$document" >web.ini
        run 0
        says "$work/out" '^\[proxy web\]$'
        ;;
    'rudeproxy --listen 127.0.0.1:8080 --upstream builtin:http'*)
        start 8080
        downloads=0
        ;;
    'rudeproxy run task.ini') # each of the manual's tasks
        [ -e task.6.ini ] || fail "$document: not six tasks"
        for task in task.*.ini; do
            cp "$task" task.ini
            start '8080|6432'
            stop
        done
        ;;
    'rudeproxy run cut.ini' | 'rudeproxy -c cut.ini' | 'rudeproxy -c cut.ini --admin 127.0.0.1:8474')
        start 8080
        stop
        ;;
    'rudeproxy -c cut.ini --log run.log --log-format json')
        start 8080
        for code in 0 56 0; do expect "$code" "${download[@]}"; done
        stop
        ;;
    'rudeproxy serve -port 9000 -config cut.ini')
        command=${command/cut.ini/proxies.json}
        start 9000
        stop
        ;;
    'rudeproxy serve' | 'rudeproxy serve &') start 8474 ;;
    'curl -sS -o /dev/null http://127.0.0.1:8080/bytes/100k')
        downloads=$((downloads + 1))
        if [ "$downloads" -eq 2 ]; then run 56 && stop; else run 0; fi
        ;;
    'rudeproxy sweep -c web.ini '*)
        run '0|4' # 4: bad outcomes were found, as in curl 7.88.1
        says "$work/out" '^web#1 down close side=client +[eD.]+$'
        says "$work/out" '  e failed +[0-9]+  the command reported an error'
        ;;
    'rudeproxy sweep -c shop.ini '*)
        command=${command/sweep/sweep --budget 4}
        run 4
        says "$work/out" '^ +C check_failed +[1-4] '
        ;;
    'rudeproxy sweep --intercept 443 '*)
        command=${command/sweep/sweep --budget 2}
        run_with 443 builtin:http '0|4'
        says "$work/out" '^Tried 2 of'
        ;;
    'rudeproxy sweep -c cut.ini -- '*)
        sed -n '/^\[fault/q; p' cut.ini >plain.ini
        command="rudeproxy sweep --budget 2 -c plain.ini -- ./my-tests"
        run '0|4'
        says "$work/out" '^Tried 2 of'
        ;;
    'rudeproxy exec --intercept 5432 --fault '*)
        run_with 5432 builtin:echo 0
        says "$work/err" 'fault-1 \(reset\): armed 1, fired 1'
        ;;
    'rudeproxy exec -c '*' --report report.json '*)
        rm -f report.json faults.xml
        run 0
        says "$work/err" 'fault cut \(reset\): armed 1, fired 1'
        [ -s report.json ] || fail "no report.json"
        [[ $command != *--junit* ]] || [ -s faults.xml ] || fail "no faults.xml"
        ;;
    'rudeproxy exec --private-network')
        command+=' -c web.ini -- true'
        run 0
        ;;
    'rudeproxy exec '*' -- sh -c '*) run 7 ;; # the status of the command
    'rudeproxy ctl events --follow')
        # A connection to the proxy "redis" is an event.
        api_ready
        command+=" >$work/events & follower=\$!
            until [ -s $work/events ]; do sleep 0.1; (exec 3<>/dev/tcp/127.0.0.1/26379) || :; done
            kill \$follower"
        run 0
        ;;
    'rudeproxy top')
        api_ready
        command+=' --once'
        run 0
        ;;
    'rudeproxy ctl '* | 'rudeproxy health '*) api_ready && run 0 ;;
    'rudeproxy faults markdown'*)
        run 0
        [[ $command != *'>docs/FAULTS.md' ]] || cp docs/FAULTS.md "$work/out"
        cmp "$work/out" "$root/docs/FAULTS.md"
        ;;
    'rudeproxy faults' | 'rudeproxy faults reset') run 0 && says "$work/out" '^(Endings|type = reset)' ;;
    'rudeproxy check cut.ini') run 0 && says "$work/out" '; fires after 50k bytes' ;;
    'rudeproxy replay run.log'*)
        make_log
        run 0
        cp "$work/out" "$work/replay.ini"
        [[ $command != *'>replay.ini' ]] || cp replay.ini "$work"
        expect 0 rudeproxy check "$work/replay.ini"
        says "$work/out" 'connections += 2'
        ;;
    'rudeproxy view '* | 'tshark -r run.pcapng '*)
        make_log
        if [[ $command == tshark* ]] && ! command -v tshark >/dev/null; then
            note "tshark is not installed: $command"
            return
        fi
        run 0
        [ -s "$work/out" ] || [ -s "${command##*>}" ] || fail "'$command' prints nothing"
        ;;
    'rudeproxy demo reset-after-reply' | 'rudeproxy version') run 0 ;;
    'rudeproxy man '* | 'rudeproxy completion '* | 'rudeproxy help '*) run 0 ;;
    'rudeproxy '[a-z]*)
        # A name in a sentence.
        [[ $command =~ ^rudeproxy\ [a-z]+$ ]] || fail "$document shows '$shown': run it here, or say why not"
        command=${command/ / help }
        run 0
        ;;
    *) fail "$document shows '$shown': run it here, or say why not" ;;
    esac
}
make_log() {
    [ -e run.log ] || expect 0 rudeproxy exec -c cut.ini --quiet --log run.log --log-format json -- ./my-tests
}

cd "$root"
documents=(README.md CONTRIBUTING.md docs/*.md docs/performance/*.md examples/*.md)
cd "$work/try"
count=0
for document in "${documents[@]}"; do
    while IFS= read -r shown <&4; do
        command=$shown
        ! runs_elsewhere || continue
        command=$(filled "$command")
        count=$((count + 1))
        run_command
    done 4< <(shown "$root/$document")
    [ -z "$started" ] || stop
done
# --- Examples for the runners of other languages ------------------------------------------------

block() { # LANGUAGE
    sed -n "/^\`\`\`$1\$/,/^\`\`\`\$/ { /^\`\`\`/d; p }" "$root/docs/IN-YOUR-TESTS.md"
}

if command -v bats >/dev/null; then
    block bash >example.bats
    cp "$root/clients/shell/rudeproxy.sh" .
    cat >client <<'SH'
#!/bin/sh
curl -q -s -o /dev/null "http://$1/bytes/100k" || curl -q -s -o /dev/null "http://$1/bytes/100k"
SH
    chmod +x client
    command='bats example.bats'
    run_with 5432 builtin:http 0
else
    note "bats is not installed: its example was not run"
fi
# Only its syntax: Testcontainers is not here.
if command -v javac >/dev/null; then
    printf 'class Example {\n%s\n}\n' "$(block java)" >Example.java
    expect 0 javac -XDshould-stop.ifNoError=PARSE -d . Example.java
else
    note "javac is not installed: the example for JUnit was not checked"
fi

for i in "${!elsewhere[@]}"; do
    [ -n "${used[i]:-}" ] || fail "no document shows '${elsewhere[i]}'"
done
[ "$count" -ge 60 ] || fail "only $count commands were found"
note "$count commands"
