#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Report: sidorares/node-mysql2#4457
# Symptom: silence behind the greeting: getConnection() never calls back, `connectTimeout` or not
# Programs: mysql2 3.11.0, MariaDB
# INI: `blackhole` at `message:1`, the greeting
# shellcheck source=tests/reports/lib.sh
. "$(dirname "$0")/lib.sh"
need_npm mysql2@3.11.0
mariadb_start
cat >"$work/client.js" <<'JS'
const mysql = require('mysql2');
const pool = mysql.createPool({ host: '127.0.0.1', port: process.argv[2], user: 'rude', connectTimeout: 500 });
pool.getConnection((error) => {
    console.log(error ? error.code : 'connected');
    process.exit();
});
setTimeout(() => {
    console.log('no callback');
    process.exit();
}, 4000);
JS

attempt() {
    in_front_of "$mariadb_port" mysql <<'INI'
[fault silence]
type = blackhole
when = message:1
INI
    prints '^no callback$' node "$work/client.js" "$port"
    fault_fired
}
reproduce attempt
