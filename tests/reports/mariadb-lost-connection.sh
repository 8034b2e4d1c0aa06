#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Report: brianmario/mysql2#938
# Symptom: 2013 `Lost connection to server during query`
# Programs: mariadb, MariaDB
# INI: `close` upstream at `match:"SLEEP"`
# shellcheck source=tests/reports/lib.sh
. "$(dirname "$0")/lib.sh"
mariadb_start

attempt() {
    in_front_of "$mariadb_port" mysql <<'INI'
[fault in-query]
type = close
direction = upstream
when = match:"SLEEP"
INI
    expect 1 mariadb --no-defaults --skip-reconnect --skip-ssl -h 127.0.0.1 -P "$port" -u rude -e 'SELECT SLEEP(3)'
    says "$work/err" 'ERROR 2013 .*Lost connection to (server|MySQL server) during query'
    fault_fired
}
reproduce attempt
