#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# On a terminal `rudeproxy run` shows what happens in one line below its messages, and clears it before each message and
# at the end. Not with --quiet, not elsewhere than on a terminal, and never in a log.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
need python3 curl

cat >"$work/status.ini" <<'INI'
[proxy web]
listen   = 127.0.0.1:0
upstream = builtin:http
[fault cut]
type = reset
when = bytes:1k
INI

# on_terminal STATUS WANTED OPTIONS... - runs it with a terminal as stderr until WANTED is there.
on_terminal() {
    local status=$1 wanted=$2
    shift 2
    rm -f "$work/ready"
    TERM=xterm expect "$status" python3 "$(dirname "$0")/status_line.py" "$wanted" \
        "$RUDEPROXY" -c "$work/status.ini" --ready-file "$work/ready" "$@"
}

# A client comes as soon as the proxy is ready.
client() {
    eventually 30 test -e "$work/ready" || exit 1
    curl -q -sS --noproxy '*' -o /dev/null "http://$(sed -n 's/^web //p' "$work/ready")/bytes/5000" 2>/dev/null || true
}

# stands_alone - behind each status line comes CLEAR, and nothing stands before one on its line but CLEAR.
stands_alone() {
    says "$work/out" '(^|CLEAR)0 open, 1 connections in all; [0-9.]+ k?B/s upstream, [0-9.]+ k?B/s downstream; faults fired: 1CLEAR'
    ! sed 's/CLEAR/\n/g' "$work/out" | grep 'in all' | grep -vE '^[0-9]+ open, [^;]*;[^;]*; faults fired: [0-9]+$' ||
        fail "a status line was not cleared: $(cat "$work/out")"
    says "$work/out" '^  ended by fault: 1$'
}

client &
on_terminal 0 '0 open, 1 connections in all' --log "$work/status.log"
stands_alone
! grep -q 'in all' "$work/status.log" || fail "the log has a status line"
wait

# Lines of a log on the same terminal stand alone too.
rm -f "$work/ready"
client &
on_terminal 0 '0 open, 1 connections in all' --log stderr
stands_alone
says "$work/out" 'CLEAR[-0-9T:.]+Z web not_listening'
wait

on_terminal 0 '' --quiet --log "$work/quiet.log"
! grep -q 'in all' "$work/out" || fail "a status line in spite of --quiet"

# Not on a terminal: proxy_start has a file as stderr.
proxy_start <"$work/status.ini"
proxy_stop
! grep -qE 'in all|\[K' "$proxy_err" || fail "a status line in a file"

# In the background of a shell the line is the shell's.
expect 0 python3 "$(dirname "$0")/status_background.py" "$RUDEPROXY" -c "$work/status.ini" --log none
