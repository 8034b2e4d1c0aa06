#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Report: brianc/node-postgres#1165
# Symptom: an idle client gets the reset: unhandled 'error' event, the process dies
# Programs: pg 8, PostgreSQL
# INI: `reset` at `message:2/ReadyForQuery`, `trigger_delay = 50ms`
# shellcheck source=tests/reports/lib.sh
. "$(dirname "$0")/lib.sh"
need_npm pg@8
postgres_start
cat >"$work/client.js" <<'JS'
const { Client } = require('pg');
(async () => {
    const client = new Client({ host: '127.0.0.1', port: process.argv[2] });
    await client.connect();
    console.log((await client.query('SELECT 7 AS n')).rows[0].n);
    setTimeout(() => console.log('still alive'), 20000);
})();
JS

attempt() {
    in_front_of "$pg_port" postgres <<'INI'
[fault idle-reset]
type = reset
when = message:2/ReadyForQuery
trigger_delay = 50ms
INI
    expect 1 node "$work/client.js" "$port"
    same "the query's answer" 7 "$(cat "$work/out")"
    says "$work/err" "Unhandled 'error' event"
    says "$work/err" 'ECONNRESET|Connection terminated unexpectedly'
    fault_fired
}
reproduce attempt
