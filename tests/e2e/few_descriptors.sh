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

# delete_with LIMIT [localhost] - the proxy's connections take two descriptors each, until none is left or one. The
# API is reached, with `localhost` at its second socket, and ends what took them. Sets `left`.
delete_with() {
    rm -f "$work/ready.$1"
    (close_inherited && ulimit -n "$1" && exec "$RUDEPROXY" run -c "$work/few.ini" --log none \
        --admin "${2:-127.0.0.1}:0" --ready-file "$work/ready.$1") >"$work/out" 2>"$work/err" &
    proxy_pid=$!
    proxy_ready=$work/ready.$1
    eventually 20 proxy_started_or_gone || fail "with $1 descriptors: the proxy does not become ready"
    local port fd fds=() i
    port=$(proxy_port p)
    api=$(proxy_address @admin)
    [ "${2:-}" != localhost ] || api="[::1]:${api##*:}"
    for ((i = 0; i < $1; i++)); do
        exec {fd}<>"/dev/tcp/127.0.0.1/$port"
        fds+=("$fd")
    done
    left=
    eventually 20 is_full "$1" || fail "with $1 descriptors: more than one is left"
    call 204 DELETE /proxies/p
    proxy_stop
    for fd in "${fds[@]}"; do
        exec {fd}>&-
    done
}

# is_full LIMIT - two looks see the same: between them no client was accepted that still had no connection to the upstream.
is_full() {
    local fds=("/proc/$proxy_pid/fd"/*) before=$left
    left=$(($1 - ${#fds[@]}))
    [ "$left" -le 1 ] && [ "$left" = "$before" ]
}

# Of an even and an odd limit one leaves no descriptor: there the API is reached only by its reserve.
if command -v curl >/dev/null; then
    printf '[proxy p]\nlisten = 127.0.0.1:0\nupstream = builtin:echo\n' >"$work/upstream.ini"
    "$RUDEPROXY" run -c "$work/upstream.ini" --log none --ready-file "$work/upstream" 2>"$work/upstream.err" &
    servers+=($!)
    proxy_ready=$work/upstream
    eventually 20 test -s "$work/upstream" || fail "the upstream does not become ready"
    printf '[proxy p]\nlisten = 127.0.0.1:0\nupstream = 127.0.0.1:%s\n' "$(proxy_port p)" >"$work/few.ini"
    for host in 127.0.0.1 localhost; do
        if [ "$host" = localhost ] && ! have_ipv6; then
            note "left out: ::1, which is not there"
            continue
        fi
        delete_with 40 "$host"
        all_left=$left
        delete_with 41 "$host"
        all_left="$all_left $left"
        case $all_left in
        *0*) note "the API on $host ends what took the descriptors" ;;
        *) fail "$host: neither limit leaves no descriptor: $all_left are left" ;;
        esac
    done
fi
