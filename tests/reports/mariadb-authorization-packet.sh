#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Report: grosser/parallel_tests#652 (kin)
# Symptom: `Lost connection ... at 'reading authorization packet'`
# Programs: mariadb, MariaDB
# INI: `close` before `message:2`, the answer to the login
# shellcheck source=tests/reports/lib.sh
. "$(dirname "$0")/lib.sh"
mariadb_start

attempt() {
    in_front_of "$mariadb_port" mysql <<'INI'
[fault login-unanswered]
type = close
when = message:2
edge = before
INI
    expect 1 mariadb --no-defaults --skip-ssl -h 127.0.0.1 -P "$port" -u rude -e 'SELECT 1'
    says "$work/err" "ERROR 2013 .*Lost connection to .* at 'reading authorization packet'"
    fault_fired
}
reproduce attempt
