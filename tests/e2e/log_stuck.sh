#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# A log that nobody takes: stderr as a pipe that is never read, a FIFO without a reader, a disk that
# is full. Connections, the API and SIGTERM go on, and what was lost is counted.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
need prlimit

# exchanges PORT COUNT - so many connections one after the other, each with an echo.
exchanges() {
    local i reply
    for ((i = 0; i < $2; i++)); do
        exec 5<>"/dev/tcp/127.0.0.1/$1" || fail "connection $i is not accepted"
        printf 'x\n' >&5
        read -r -t 20 reply <&5 || fail "connection $i gets no echo"
        same "the echo" x "$reply"
        exec 5>&-
    done
}

proxy='
[proxy echo]
listen   = 127.0.0.1:0
upstream = builtin:echo'

# start_stuck LOG STDERR - a proxy whose log is LOG and whose stderr is STDERR.
start_stuck() {
    proxy_ready=$work/ready
    rm -f "$proxy_ready"
    printf '[rudeproxy]\nlog = %s\nlog_format = json\n%s\n' "$1" "$proxy" >"$work/stuck.ini"
    "$RUDEPROXY" run -c "$work/stuck.ini" --report "$work/report.json" --ready-file "$proxy_ready" \
        </dev/null >/dev/null 2>"$2" &
    proxy_pid=$!
    eventually 20 proxy_started_or_gone || fail "the proxy does not become ready"
    [ -e "$proxy_ready" ] || fail "the proxy ended at its start"
}

stop_stuck() {
    local status=0 pid=$proxy_pid
    proxy_pid=
    end_process "$pid" TERM || status=$?
    same "the exit status" 0 "$status"
}

# A pipe that is open for reading and never read.
mkfifo "$work/unread"
exec 7<>"$work/unread"

note "stderr is a pipe that nobody reads, and the log goes there"
start_stuck stderr "$work/unread"
exchanges "$(proxy_port echo)" 400
kill -HUP "$proxy_pid"
exchanges "$(proxy_port echo)" 10
stop_stuck
says "$work/report.json" '"log_lost": [1-9]'
exec 7>&-

note "the log is a FIFO without a reader"
mkfifo "$work/fifo"
start_stuck "$work/fifo" "$work/fifo.err"
kill -HUP "$proxy_pid"
eventually 20 grep -q reloaded "$work/fifo.err" || fail "SIGHUP hangs"
exchanges "$(proxy_port echo)" 5
cat "$work/fifo" >"$work/fifo.lines" &
reader=$!
eventually 20 grep -q '"event":"closed".*"connection":5,' "$work/fifo.lines" || fail "the reader gets no lines"
says "$work/fifo.lines" '"event":"run"'
stop_stuck
wait "$reader"
says "$work/report.json" '"log_lost": 0'

note "the disk is full: the log ends with a whole line, and goes on"
trap '' XFSZ
log=$work/full.json
start_stuck "$log" "$work/full.err"
prlimit --pid "$proxy_pid" --fsize=8192: || fail "the proxy cannot be limited"
exchanges "$(proxy_port echo)" 20
eventually 20 grep -q 'cannot write the log: File too large' "$work/full.err" || fail "nothing is said"
[ -z "$(tail -c 1 "$log")" ] || fail "the log ends in the middle of a line"
prlimit --pid "$proxy_pid" --fsize=unlimited: || fail "the limit cannot be lifted"
eventually 20 grep -q '"connection":20,' "$log" || fail "the log does not go on"
exchanges "$(proxy_port echo)" 1
stop_stuck
same "closed events" 21 "$(grep -c '"event":"closed"' "$log")"
expect 0 "$RUDEPROXY" replay "$log"
