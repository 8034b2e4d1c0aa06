#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Report: BerriAI/litellm#37247
# Symptom: the answer to an upsert in the extended protocol is lost: the retry counts the row twice
# Programs: pg 8, PostgreSQL
# INI: `close` before `message:2/ReadyForQuery`, `connections = 1`
# shellcheck source=tests/reports/lib.sh
. "$(dirname "$0")/lib.sh"
need_npm pg@8
postgres_start
cat >"$work/client.js" <<'JS'
const { Client } = require('pg');
const upsert = 'INSERT INTO spend VALUES ($1, 1) ON CONFLICT (name) DO UPDATE SET total = spend.total + 1';
const run = async (text, values) => {
    const client = new Client({ host: '127.0.0.1', port: process.argv[2] });
    client.on('error', () => {});
    await client.connect();
    const { rows } = await client.query(text, values);
    await client.end();
    return rows;
};
(async () => {
    await run(upsert, [process.argv[3]]).catch((error) => {
        console.log(error.message);
        return run(upsert, [process.argv[3]]);
    });
    console.log('total', (await run('SELECT total FROM spend WHERE name = $1', [process.argv[3]]))[0].total);
})();
JS
psql -X -q -h 127.0.0.1 -p "$pg_port" -c 'CREATE TABLE spend (name text PRIMARY KEY, total int)'

attempt() {
    in_front_of "$pg_port" postgres <<'INI'
[fault answer-lost]
type = close
when = message:2/ReadyForQuery
edge = before
connections = 1
INI
    prints '^total 2$' node "$work/client.js" "$port" "run $round"
    says "$work/out" '^Connection terminated unexpectedly$'
    fault_fired
}
reproduce attempt
