#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# redis through the proxy, over TCP and over a UNIX socket: PING, a big value, redis-benchmark.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
need cmp
redis_start

head -c 33554432 /dev/urandom >"$work/value"
proxy_start <<INI
[proxy tcp]
listen   = 127.0.0.1:0
upstream = 127.0.0.1:$redis_port

[proxy unix]
listen   = 127.0.0.1:0
upstream = unix:$redis_socket
INI

for proxy in tcp unix; do
    port=$(proxy_port "$proxy")
    same "answer to PING ($proxy)" PONG "$(redis-cli -p "$port" ping)"

    same "answer to SET ($proxy)" OK "$(redis-cli -p "$port" -x SET value <"$work/value")"
    redis-cli -p "$port" --raw GET value >"$work/back"
    { cat "$work/value" && echo; } | cmp - "$work/back" || fail "the value came back changed ($proxy)"

    expect 0 redis-benchmark -p "$port" -q -n 10000 -c 50 -t ping,set,get,lpush,lrange_100,mset
    ! grep -iE 'error|reset|refused' "$work/out" "$work/err" || fail "redis-benchmark ($proxy) had errors"
    says "$work/out" 'MSET.*requests per second'

    # Pipelined: replies of several requests in one segment.
    expect 0 redis-benchmark -p "$port" -q -n 20000 -c 20 -P 16 -d 3000 -t set,get
    ! grep -iE 'error|reset|refused' "$work/out" "$work/err" || fail "pipelined redis-benchmark ($proxy) had errors"
done

proxy_stop
