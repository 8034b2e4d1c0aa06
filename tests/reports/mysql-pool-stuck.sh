#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Report: mysqljs/mysql#2522 (kin)
# Symptom: a partition in a query: the pool of dead connections opens no new one, although the path has healed
# Programs: mysql 2.18, MariaDB
# INI: `blackhole` both at upstream `match:"SLEEP"`, `connections = 1-2`
# shellcheck source=tests/reports/lib.sh
. "$(dirname "$0")/lib.sh"
need_npm mysql@2.18.1
mariadb_start
cat >"$work/client.js" <<'JS'
const mysql = require('mysql');
const server = { host: '127.0.0.1', port: process.argv[2], user: 'rude' };
const pool = mysql.createPool({ ...server, connectionLimit: 2, acquireTimeout: 500 });
pool.query('SELECT SLEEP(0.1)', () => console.log('answered'));
pool.query('SELECT SLEEP(0.1)', () => console.log('answered'));
setTimeout(() => {
    pool.query('SELECT 1', () => console.log('the pool answered'));
    mysql.createConnection(server).query('SELECT 1', (error) => {
        console.log(error ? error.message : 'the path has healed');
        setTimeout(() => {
            console.log('the pool is stuck');
            process.exit();
        }, 2000);
    });
}, 500);
JS

attempt() {
    in_front_of "$mariadb_port" mysql <<'INI'
[fault partition]
type = blackhole
direction = both
when_direction = upstream
when = match:"SLEEP"
connections = 1-2
INI
    prints '^the pool is stuck$' node "$work/client.js" "$port"
    says "$work/out" '^the path has healed$'
    ! grep -q answered "$work/out" || fail "an answer came: $(cat "$work/out")"
    fault_fired
}
reproduce attempt
