#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# A start for which there are not enough descriptors fails with one line that says so; with enough, it works.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

printf '[proxy p]\nlisten = 127.0.0.1:0\nupstream = builtin:echo\n' >"$work/one.ini"

# close_inherited - what the shell was given beyond the first three, which counts as well.
close_inherited() {
    local fd
    for fd in /proc/self/fd/*; do
        fd=${fd##*/}
        [ "$fd" -le 2 ] || exec {fd}>&-
    done
}

started=0
for limit in $(seq 4 30); do
    code=0
    (close_inherited && ulimit -n "$limit" && exec "$RUDEPROXY" exec -c "$work/one.ini" --log none -- true) \
        >"$work/out" 2>"$work/err" || code=$?
    if [ "$code" -eq 0 ]; then
        started=$limit
        continue
    fi
    [ "$code" -eq 1 ] || [ "$code" -eq 126 ] || fail "with $limit descriptors: status $code: $(cat "$work/err")"
    grep -q '^rudeproxy: cannot .*oo many open files$' "$work/err" ||
        fail "with $limit descriptors: $(cat "$work/err")"
    [ "$started" -eq 0 ] || fail "it starts with $started descriptors, not with $limit"
done
[ "$started" -eq 30 ] || fail "it does not start with 30 descriptors: $(cat "$work/err")"
note "starts with 30 descriptors"

# The API is reached when every descriptor is used up, and can end what took them.
if command -v curl >/dev/null; then
    (close_inherited && ulimit -n 40 && exec "$RUDEPROXY" run -c "$work/one.ini" --log none --admin 127.0.0.1:0 \
        --ready-file "$work/ready") >"$work/out" 2>"$work/err" &
    proxy_pid=$!
    proxy_ready=$work/ready
    eventually 20 proxy_started_or_gone || fail "the proxy does not become ready"
    port=$(proxy_port p)
    api=$(proxy_address @admin)
    for ((i = 0; i < 40; i++)); do
        exec {fd}<>"/dev/tcp/127.0.0.1/$port"
    done
    eventually 10 bash -c "[ \$(ls /proc/$proxy_pid/fd | wc -l) -ge 38 ]" || fail "descriptors are left"
    call 204 DELETE /proxies/p
    proxy_stop
    note "the API ends what took the descriptors"
fi
