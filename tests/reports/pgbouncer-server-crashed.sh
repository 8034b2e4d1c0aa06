#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Report: pgbouncer/pgbouncer#1092
# Symptom: `server conn crashed?`
# Programs: psql, pgbouncer, PostgreSQL
# INI: `reset` upstream at `match:"pg_sleep"`
# shellcheck source=tests/reports/lib.sh
. "$(dirname "$0")/lib.sh"
need pgbouncer
postgres_start
bouncer_try() {
    rm -rf "$work/bouncer"
    mkdir "$work/bouncer"
    printf '"rude" ""\n' >"$work/bouncer/users"
    cat >"$work/bouncer/ini" <<CONF
[databases]
postgres = host=127.0.0.1 port=${address##*:} user=rude
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = $1
unix_socket_dir =
auth_type = any
auth_file = $work/bouncer/users
server_round_robin = 0
CONF
    chmod -R a+rX "$work/bouncer"
    server_start "$1" "${pg_as[@]}" pgbouncer "$work/bouncer/ini" || return 1
    bouncer_port=$1
}

attempt() {
    in_front_of "$pg_port" postgres <<'INI'
[fault in-query]
type = reset
direction = upstream
when = match:"pg_sleep"
INI
    on_free_port bouncer_try
    expect 2 psql -X -h 127.0.0.1 -p "$bouncer_port" -c 'SELECT pg_sleep(3)'
    says "$work/err" 'server conn crashed\?'
    end_process "${servers[-1]}" TERM || true
    unset 'servers[-1]'
    fault_fired
}
reproduce attempt
