#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# pgbench through the proxy without an error.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
postgres_start

proxy_start <<INI
[proxy db]
listen   = 127.0.0.1:0
upstream = 127.0.0.1:$pg_port

[proxy db-unix]
listen   = 127.0.0.1:0
upstream = unix:$pg_socket
INI

bench() { # PROXY ARGS...
    local port
    port=$(proxy_port "$1")
    shift
    expect 0 pgbench -h 127.0.0.1 -p "$port" "$@"
    ! grep -iE 'error|fatal|aborted|closed the connection' "$work/out" "$work/err" ||
        fail "pgbench $* had errors"
}

bench db -i -s 2 -q
bench db -n -c 8 -j 2 -T 3
says "$work/out" 'transactions actually processed: [1-9]'
bench db -n -c 8 -j 2 -t 100 -M prepared -C
says "$work/out" 'transactions actually processed: 800/800'
bench db-unix -n -c 8 -j 2 -t 200 -S
says "$work/out" 'transactions actually processed: 1600/1600'

proxy_stop
