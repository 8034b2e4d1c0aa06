#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Report: no thread known
# Symptom: `server closed the connection unexpectedly`
# Programs: psql, PostgreSQL
# INI: `close` upstream at `message:1/Query`
# shellcheck source=tests/reports/lib.sh
. "$(dirname "$0")/lib.sh"
postgres_start

attempt() {
    in_front_of "$pg_port" postgres <<'INI'
[fault in-query]
type = close
direction = upstream
when = message:1/Query
INI
    expect 2 psql -X -h 127.0.0.1 -p "$port" -c 'SELECT pg_sleep(3)'
    says "$work/err" '^server closed the connection unexpectedly'
    fault_fired
}
reproduce attempt
