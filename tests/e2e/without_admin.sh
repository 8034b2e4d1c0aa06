#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The program without the API does all the rest, and says what it cannot.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
need curl

: "${RUDEPROXY_WITHOUT_ADMIN:?set RUDEPROXY_WITHOUT_ADMIN to a binary built without the API}"
RUDEPROXY=$RUDEPROXY_WITHOUT_ADMIN
expect 0 ldd "$RUDEPROXY"
! grep -q microhttpd "$work/out" || fail "libmicrohttpd is linked"

expect 1 "$RUDEPROXY" --admin 127.0.0.1:0 --listen 127.0.0.1:0 --upstream builtin:echo
says "$work/err" 'admin: this rudeproxy was built without its HTTP API'
expect 1 "$RUDEPROXY" serve -port 0
says "$work/err" 'built without its HTTP API'
expect 1 "$RUDEPROXY" ctl list
says "$work/err" 'built without ctl'
echo '[]' >"$work/proxies.json"
expect 2 "$RUDEPROXY" serve -port 0 -config "$work/proxies.json"
says "$work/err" 'built without its HTTP API'

# A few of the other tests, with this program, at once.
export RUDEPROXY
pids=()
tests=(cli report unreachable)
for test in "${tests[@]}"; do
    bash "$(dirname "$0")/$test.sh" >"$work/$test.out" 2>&1 </dev/null &
    pids+=("$!")
done
servers+=("${pids[@]}")
for i in "${!tests[@]}"; do
    status=0
    wait "${pids[i]}" || status=$?
    same "$(cat "$work/${tests[i]}.out")
the status of ${tests[i]}.sh" 0 "$status"
done
