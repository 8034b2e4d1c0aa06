#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Report: pgjdbc/pgjdbc#2197 (kin)
# Symptom: the acknowledgement of COMMIT is lost: the row of the retry is there twice
# Programs: psycopg2, PostgreSQL
# INI: `close` before `message:3/CommandComplete`
# shellcheck source=tests/reports/lib.sh
. "$(dirname "$0")/lib.sh"
need_python psycopg2
postgres_start
sql 'CREATE TABLE orders (name text)'
cat >"$work/client.py" <<'PY'
import psycopg2, sys
for attempt in range(2):
    connection = psycopg2.connect(host="127.0.0.1", port=sys.argv[1])
    try:
        connection.cursor().execute("INSERT INTO orders VALUES (%s)", (sys.argv[2],))
        connection.commit()
        break
    except psycopg2.OperationalError as error:
        print(error)
PY

attempt() {
    in_front_of "$pg_port" postgres <<'INI'
[fault commit-lost]
type = close
when = message:3/CommandComplete
edge = before
connections = 1
INI
    prints '^server closed the connection unexpectedly' "$python" "$work/client.py" "$port" "order $round"
    fault_fired
    same "rows" 2 "$(sql "SELECT count(*) FROM orders WHERE name = 'order $round'")"
}
reproduce attempt
