#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Every command that README, FAQ and COOKBOOK show is run, or stands below with the reason why not.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
root=$(cd "$(dirname "$0")/../.." && pwd)
[ -e "$root/README.md" ] || skip "there is no README.md"
need curl unshare

# The commands use fixed ports, so they run in a network of their own.
if [ -z "${DOCS_PRIVATE:-}" ]; then
    private=(unshare --net)
    [ "$(id -u)" -eq 0 ] || private=(unshare --map-root-user --net)
    "${private[@]}" ip link set lo up 2>"$work/err" || skip "no private network: $(head -n 1 "$work/err")"
    DOCS_PRIVATE=1 exec "${private[@]}" bash "$0"
fi
ip link set lo up
mkdir "$work/bin" "$work/try"
ln -s "$(realpath "$RUDEPROXY")" "$work/bin/rudeproxy"
PATH=$work/bin:$PATH

# shown FILE - its commands: the lines of a sh block, the lines of a console block that begin with "$ ", and inline
# code that begins with "rudeproxy " and has more than a name. Comments behind them are cut off.
shown() {
    awk '
        /^```sh/ { on = 1; next }
        /^```console/ { on = 2; next }
        /^```/ { on = 3 * (on == 0); next }
        on == 1 || (on == 2 && sub(/^\$ /, "")) { sub(/  +#.*/, ""); print; next }
        on == 0 { text = text $0 " " }
        END {
            while (match(text, /`rudeproxy [^`]+`/)) {
                print substr(text, RSTART + 1, RLENGTH - 2)
                text = substr(text, RSTART + RLENGTH)
            }
        }' "$1"
}

# The files that the commands name.
cd "$work/try"
awk '/^```ini/ && !done { on = 1; next } /^```/ { done = done || on; on = 0 } on' "$root/README.md" >cut.ini
sed '/^\[fault/,$d' cut.ini >web.ini
cat >my-tests <<'SH'
#!/bin/sh
curl -q -s -o /dev/null "http://$RUDEPROXY_WEB_ADDR/bytes/100k"
! curl -q -s -o /dev/null "http://$RUDEPROXY_WEB_ADDR/bytes/100k"
SH
cat >my-app <<'SH'
#!/bin/bash
exec 3<>/dev/tcp/127.0.0.1/5432
echo 'COMMIT;' >&3
! read -r -t 20 -u 3 answer
SH
chmod +x my-tests my-app

started=
# start PORT - runs $command, which ends in "&", until something listens there.
start() {
    eval "${command%&} >$work/started 2>&1 &"
    started=$!
    servers+=("$started")
    eventually 20 listens "$1" || fail "nothing listens after '$command': $(cat "$work/started")"
}
listens() {
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}
stop() {
    kill "$started"
    wait "$started" || fail "exit $? of the program that was started by '$command'"
}
run() { # CODES
    expect "$1" timeout 300 bash -c "$command"
}
run_with_echo_at() { # PORT CODES
    local shown=$command
    command="rudeproxy --listen 127.0.0.1:$1 --upstream builtin:echo &"
    start "$1"
    command=$shown
    run "$2"
    stop
}

downloads=0
check_command() {
    case $command in
    scripts/demo) ;;    # installs packages and builds the program
    'export PATH='*) ;; # the program under test stands in PATH
    'rudeproxy --listen 127.0.0.1:8080 --upstream builtin:http '*)
        command+=' &'
        start 8080
        ;;
    'rudeproxy run cut.ini')
        command+=' &'
        start 8080
        stop
        ;;
    'curl -sS -o /dev/null http://127.0.0.1:8080/bytes/100k')
        # The probe of `start` was the first connection, so the first download is cut. A second one is fine.
        downloads=$((downloads + 1))
        if [ "$downloads" -eq 1 ]; then run 56; else run 0 && stop; fi
        ;;
    'rudeproxy sweep -c web.ini '*)
        run '0|4' # 4: bad outcomes were found, as in curl 7.88.1
        says "$work/out" '^web#1 down close side=client +[eD.]+$'
        says "$work/out" '  e failed +[0-9]+  the command reported an error'
        ;;
    'rudeproxy exec --intercept 5432 '*)
        run_with_echo_at 5432 0
        says "$work/err" 'fault-1 \(reset\): armed 1, fired 1'
        ;;
    'rudeproxy exec -c cut.ini --report report.json -- ./my-tests')
        run 0
        [ -s report.json ] || fail "no report.json"
        ;;
    'rudeproxy serve')
        command+=' &'
        start 8474
        ;;
    'rudeproxy ctl events --follow')
        # A connection to the proxy "redis" is an event.
        command+=" >$work/events & follower=\$!
            until [ -s $work/events ]; do sleep 0.1; (exec 3<>/dev/tcp/127.0.0.1/26379) || :; done
            kill \$follower"
        run 0
        stop
        ;;
    'rudeproxy ctl '*) run 0 ;;
    'rudeproxy faults') run 0 && says "$work/out" '^Endings$' ;;
    'rudeproxy check FILE') command='rudeproxy check cut.ini' && run 0 && says "$work/out" '; fires after 50k bytes' ;;
    'rudeproxy exec --private-network')
        command+=' -c web.ini -- true'
        run 0
        ;;
    'rudeproxy exec --intercept PORT -- CMD')
        command=${command/PORT/5432} && command=${command/CMD/'sh -c "exit 7"'}
        run 7
        ;;
    'rudeproxy replay run.log >replay.ini')
        expect 0 rudeproxy exec -c cut.ini --quiet --log run.log --log-format json -- ./my-tests
        run 0
        expect 0 rudeproxy check replay.ini
        says "$work/out" 'connections += 2'
        ;;
    *) fail "$document shows '$command': run it here, or say why not" ;;
    esac
}

count=0
for document in README.md docs/FAQ.md docs/COOKBOOK.md; do
    while IFS= read -r command <&4; do
        check_command
        count=$((count + 1))
    done 4< <(shown "$root/$document")
done
[ "$count" -ge 18 ] || fail "only $count commands were found"
note "$count commands"
