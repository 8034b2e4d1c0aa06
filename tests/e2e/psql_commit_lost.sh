#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The COMMIT that is answered by a RST. psql reports the same lost connection whether the server
# had committed (its answer was lost) or not (the COMMIT was lost); only a new connection can tell.
#
# A clean session tells how many bytes each direction has. The last ones are known:
#   downstream  CommandComplete "COMMIT" (12) and ReadyForQuery (6), the answer to COMMIT
#   upstream    Query "COMMIT" (12) and Terminate (5)
# so a trigger that lets one byte of such a message pass fires after it was sent, never before.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
postgres_start

session() { # PROXY VALUE, both of the same length every time
    psql -X -q -h 127.0.0.1 -p "$(proxy_port "$1")" -v ON_ERROR_STOP=1 \
        -c 'BEGIN' -c "INSERT INTO ledger VALUES ($2)" -c 'COMMIT'
}

committed() {
    sql "SELECT count(*) FROM ledger WHERE entry = $1"
}

sql 'CREATE TABLE ledger (entry int)'

proxy_start <<INI
[proxy db]
listen   = 127.0.0.1:0
upstream = 127.0.0.1:$pg_port
INI
expect 0 session db 1
same "entry 1, clean" 1 "$(committed 1)"
down=$(closed_bytes 1 client bytes_out)
up=$(closed_bytes 1 server bytes_out)
proxy_stop
note "a clean session: $up bytes up, $down bytes down"

proxy_start <<INI
[proxy answer-lost]
listen   = 127.0.0.1:0
upstream = 127.0.0.1:$pg_port

[proxy commit-lost]
listen   = 127.0.0.1:0
upstream = 127.0.0.1:$pg_port

[fault reset-in-answer]
proxy     = answer-lost
type      = reset
direction = downstream
when      = bytes:$((down - 18 + 1))

[fault reset-in-commit]
proxy     = commit-lost
type      = reset
direction = upstream
when      = bytes:$((up - 5 - 12 + 1))
INI

# 2: psql's exit status for a connection that went bad.
expect 2 session answer-lost 2
says "$work/err" 'reset by peer|closed the connection unexpectedly'
says "$work/err" 'connection to server was lost'
same "entry 2, whose answer was lost: committed" 1 "$(committed 2)"

expect 2 session commit-lost 3
says "$work/err" 'reset by peer|closed the connection unexpectedly'
says "$work/err" 'connection to server was lost'
backends_gone() {
    [ "$(sql "SELECT count(*) FROM pg_stat_activity
        WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()")" = 0 ]
}
eventually 20 backends_gone || fail "the server did not notice the RST"
same "entry 3, whose COMMIT was lost: not committed" 0 "$(committed 3)"

# The proxies still serve: the trigger's offset is past what these sessions need.
expect 0 psql -X -q -h 127.0.0.1 -p "$(proxy_port answer-lost)" -c ''

proxy_stop
