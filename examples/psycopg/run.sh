#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# A client inserts a row into PostgreSQL and retries. The check counts the rows of its run.
# shellcheck source=examples/lib.sh
. "$(dirname "$0")/../lib.sh"
need_module psycopg2

postgres_start
psql -q -h 127.0.0.1 -p "$pg_port" -c 'CREATE TABLE orders (run text)' || fail 'no table'
cat >"$work/db.ini" <<INI
[proxy db]
listen   = 127.0.0.1:0
upstream = 127.0.0.1:$pg_port
protocol = postgres

[sweep]
check = test \$(psql -qAt -h 127.0.0.1 -p $pg_port -c "SELECT count(*) FROM orders WHERE run = '\$RUDEPROXY_RUN'") -le 1
INI
sweep 4 -c "$work/db.ini" --sweep-fault 'reset side=client' -- \
    "$python" "$examples/psycopg/client.py"
says "$work/out" '^check_failed: reset side=client, db#1 downstream'
