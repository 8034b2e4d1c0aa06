#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Report: mysqljs/mysql#1033
# Symptom: `PROTOCOL_CONNECTION_LOST`: The server closed the connection
# Programs: mysql2 3, MariaDB
# INI: `close` upstream at `match:"SLEEP"`
# shellcheck source=tests/reports/lib.sh
. "$(dirname "$0")/lib.sh"
need_npm mysql2@3
mariadb_start
cat >"$work/client.js" <<'JS'
const connection = require('mysql2').createConnection({ host: '127.0.0.1', port: process.argv[2], user: 'rude' });
connection.on('error', () => {});
connection.query('SELECT SLEEP(3)', (error) => {
    console.log(error ? `${error.code} ${error.message}` : 'no error');
    process.exit();
});
JS

attempt() {
    in_front_of "$mariadb_port" mysql <<'INI'
[fault in-query]
type = close
direction = upstream
when = match:"SLEEP"
INI
    prints '^PROTOCOL_CONNECTION_LOST Connection lost: The server closed the connection' node "$work/client.js" "$port"
    fault_fired
}
reproduce attempt
