#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# What a run leaves behind: the summary, --report, --junit, and the exit status of must_fire.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
need curl jq
proxy_ready=$work/stuck.ready proxy_err=$work/stuck.err

# A report that nobody reads keeps the program, but signals end it when they have been ignored for ten seconds. It waits
# beside the rest.
mkfifo "$work/fifo"
# shellcheck disable=SC2034 # it stays open
exec {fifo}<>"$work/fifo"
for ((i = 0; i < 2000; i++)); do
    printf '[fault number-%d]\ntype = close\nwhen = idle:1h\n' "$i"
done >"$work/large.ini"
printf '[proxy echo]\nlisten = 127.0.0.1:0\nupstream = builtin:echo\n' >>"$work/large.ini"
proxy_spawn run -c "$work/large.ini" --report "$work/fifo"
stuck=$proxy_pid proxy_pid=
servers+=("$stuck")
kill -TERM "$stuck"

ini=$work/some.ini
cat >"$ini" <<'INI'
[rudeproxy]
seed  = 18446744073709551615
grace = 300ms

[proxy web]
listen   = 127.0.0.1:0
upstream = builtin:http
protocol = http

[proxy dead]
listen   = 127.0.0.1:0
upstream = unix:SOCKET

[fault cut]
proxy       = web
type        = reset
when        = bytes:1k
connections = 2
must_fire   = yes

[fault far]
proxy     = web
type      = reset
when      = bytes:1G
must_fire = yes

[fault off]
type      = refuse
enabled   = no
must_fire = yes

[fault idle]
proxy = web
type  = close
when  = idle:1h
INI
sed -i "s|SOCKET|$work/a\&<'socket|" "$ini"
good=$work/good.ini
sed '/^\[fault far\]/,/^$/d' "$ini" >"$good"

report=$work/report.json
junit=$work/junit.xml

# field JSON-PATH-IN-JQ EXPECTED
field() {
    same "$1" "$2" "$(jq -r "$1" "$report")"
}

xml_is_valid() {
    command -v xmllint >/dev/null || { note "not looked at: the JUnit file, without xmllint" && return 0; }
    xmllint --noout "$junit" || fail "not XML: $(cat "$junit")"
}

# shellcheck disable=SC2016 # expanded by the command
fetch='
    get() { curl -q -sS --noproxy "*" --max-time 30 -o /dev/null "http://$1/bytes/5000"; }
    get "$RUDEPROXY_WEB_ADDR" || exit 91
    code=0; get "$RUDEPROXY_WEB_ADDR" || code=$?; [ "$code" -eq 56 ] || exit 92
    code=0; get "$RUDEPROXY_DEAD_ADDR" || code=$?; [ "$code" -ne 0 ] || exit 93
    exit "$0"'

# --- A fault that had to fire, and did not ------------------------------------------------------

expect 3 "$RUDEPROXY" exec -c "$ini" --report "$report" --junit "$junit" -- bash -c "$fetch" 0
says "$work/err" 'fault far never fired'
says "$work/err" '^proxy web: 2 connections, [1-9][0-9]* bytes upstream, [1-9][0-9]* bytes downstream'
says "$work/err" '^  ended by fault: 1$'
says "$work/err" '^  could not reach "unix:.*": 1$'
says "$work/err" '^  client sockets: .*1 rst_sent'
says "$work/err" '^fault cut \(reset\): armed 1, fired 1, at web#2 downstream 1024$'
says "$work/err" '^fault far \(reset\): armed 2, fired 0: never fired, and must_fire = yes$'
says "$work/err" '^  not fired: after [0-9]+ of [0-9]+ bytes \(web#1\)'
says "$work/err" '^fault off \(refuse\): .*not enabled$'
says "$work/err" '^fault idle \(close\): armed 2, fired 0: never fired$'
says "$report" '"name": "far"'
field .seed 18446744073709551615
field .failed true
field .proxies[0].connections 2
field .proxies[0].causes.fault 1
field .proxies[0].client.rst_sent 1
field .proxies[0].bytes.downstream "$(sed -nE 's/^proxy web: .* ([0-9]+) bytes downstream/\1/p' "$work/err")"
field .proxies[1].connect_failed 1
field .proxies[1].upstream "unix:$work/a&<'socket"
field '.faults | length' 4
field .faults[0].fired 1
field .faults[0].injections 1
field '.faults[0].where[0] | "\(.proxy) \(.connection) \(.direction) \(.offset) \(.message) \(.kind)"' \
    'web 2 downstream 1024 1 200'
field '.faults[1] | "\(.name) \(.type) \(.must_fire) \(.armed) \(.fired) \(.failed)"' 'far reset true 2 0 true'
field '.faults[0].not_fired | length' 0
field '.faults[1].not_fired[0] | "\(.fault) \(.proxy) \(.connection)"' 'far web 1'
field '.faults[1].not_fired[0].reason | test("^after [0-9]+ of [0-9]+ bytes$")' true
field '.faults[2] | "\(.enabled) \(.failed)"' 'false false'
field '.started < .ended' true

xml_is_valid
same "test cases" 2 "$(grep -c '<testcase' "$junit")"
same "failures" 1 "$(grep -c '<failure' "$junit")"
says "$junit" 'tests="2" failures="1"'
says "$junit" 'testcase .*name="far"'
says "$junit" 'failure .*far.* never fired: it was armed on 2 connections: after [0-9]+ of [0-9]+ bytes'
same "other files" 0 "$(find "$work" -name 'report.json.*' -o -name 'junit.xml.*' | wc -l)"

# The same with run and SIGTERM.
proxy_ready=$work/proxy0.ready proxy_err=$work/proxy0.err
rm -f "$report" "$junit"
proxy_spawn run -c "$ini" --report "$report" --junit "$junit"
received 0 web /bytes/5000
received 56 web /bytes/5000
pid=$proxy_pid proxy_pid=
status=0
end_process "$pid" TERM || status=$?
same "exit status of run" 3 "$status"
says "$proxy_err" 'fault far never fired'
field .faults[0].fired 1
xml_is_valid

# --- Without a failure; and whose failure comes first -------------------------------------------

expect 0 "$RUDEPROXY" exec -c "$good" --report "$report" --junit "$junit" -- bash -c "$fetch" 0
field .failed false
says "$junit" 'tests="1" failures="0"'
xml_is_valid
expect 7 "$RUDEPROXY" exec -c "$ini" -- bash -c "$fetch" 7
says "$work/err" 'fault far never fired'

# A report that cannot be written is told before anything starts.
expect 1 "$RUDEPROXY" exec -c "$good" --report "$work/no/such/folder/x" -- touch "$work/started"
says "$work/err" '--report .*no/such/folder'
[ ! -e "$work/started" ] || fail "started without a place for the report"
# Or at the end, when it was possible at the start.
mkdir "$work/gone"
expect 1 "$RUDEPROXY" exec -c "$ini" --junit "$work/gone/x" -- rmdir "$work/gone"
says "$work/err" '--junit .*gone/x'

# --- More than the report lists -----------------------------------------------------------------

cat >"$work/many.ini" <<'INI'
[proxy echo]
listen   = 127.0.0.1:0
upstream = builtin:discard

[fault shut]
type = close
side = both
INI
# shellcheck disable=SC2016
expect 0 "$RUDEPROXY" exec -c "$work/many.ini" --report "$report" -- bash -c '
    for ((i = 0; i < 1010; i++)); do
        exec 3<>"/dev/tcp/$RUDEPROXY_ECHO_HOST/$RUDEPROXY_ECHO_PORT"
        read -r word <&3
        exec 3>&-
    done; true'
field .faults[0].injections 1010
field '.faults[0].where | length' 1000
says "$work/err" 'fired 1010, at echo#1 .* and 1005 more'

# --- A reload takes a demand back, and what it removed stays in the report -----------------------

live=$work/live.ini
# Another proxy takes the place of `web`.
removed_by_reload() {
    cat >"$live" <<'INI'
[rudeproxy]
grace = 1ms

[proxy other]
listen   = 127.0.0.1:0
upstream = builtin:http
INI
    kill -HUP "$proxy_pid"
    eventually 20 grep -q 'rudeproxy: reloaded' "$proxy_err" || fail "not reloaded: $(cat "$proxy_err")"
    proxy_stop
}

cp "$ini" "$live"
rm -f "$proxy_ready" "$report"
proxy_spawn run -c "$live" --report "$report"
received 0 web /bytes/5000
removed_by_reload
field .proxies[0].connections 1
field .proxies[2].name other
field .faults[1].failed false

# So it does while a connection of the removed proxy is open.
cp "$ini" "$live"
rm -f "$proxy_ready" "$report"
proxy_spawn run -c "$live" --report "$report"
exec 3<>"/dev/tcp/127.0.0.1/$(proxy_port web)"
printf 'GET /bytes/5 HTTP/1.1\r\nHost: a\r\n\r\n' >&3
read -r -t 30 -u 3 _ || fail "no answer through web: $(cat "$proxy_err")"
removed_by_reload
exec 3>&-
field .proxies[0].connections 1
field '.faults[1] | "\(.name) \(.must_fire) \(.failed)"' 'far false false'

# --- Reports that are read late, or never --------------------------------------------------------

# No signal costs the report while it is written.
mkfifo "$work/slow"
{
    head -c 1 >/dev/null
    touch "$work/begun"
    until [ -e "$work/go" ]; do sleep 0.05; done
    cat
} <"$work/slow" >"$work/slow.json" &
reader=$!
servers+=("$reader")
rm -f "$proxy_ready"
proxy_spawn run -c "$work/large.ini" --report "$work/slow"
kill -TERM "$proxy_pid"
eventually 60 test -e "$work/begun" || fail "no report is written"
for signal in HUP INT TERM HUP; do
    kill "-$signal" "$proxy_pid"
done
touch "$work/go"
status=0
wait "$proxy_pid" || status=$?
proxy_pid=
same "the status of a program that got signals while it wrote its report" 0 "$status"
wait "$reader"
same "the end of that report" '}' "$(tail -n 1 "$work/slow.json")"

# The one that was started first.
repeat_signal() {
    kill -TERM "$stuck" 2>/dev/null
    process_gone "$stuck"
}
eventually 60 repeat_signal || fail "signals do not end a program whose report nobody reads"
