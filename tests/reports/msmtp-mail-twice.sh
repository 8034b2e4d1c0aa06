#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Report: kobotoolbox/kpi#7435
# Symptom: the 250 behind the final dot never comes: the client sends again, two mails
# Programs: msmtp, aiosmtpd
# INI: `blackhole` at upstream `message:1/mail_data`, `connections = 1`
# shellcheck source=tests/reports/lib.sh
. "$(dirname "$0")/lib.sh"
need msmtp
smtp_server_start

attempt() {
    in_front_of "$server_port" smtp <<'INI'
[fault silence]
type = blackhole
when_direction = upstream
when = message:1/mail_data
connections = 1
INI
    local args=(--file=/dev/null --host=127.0.0.1 --port="$port" --from=a@example.com --timeout=2 b@example.com)
    printf 'Subject: x\n\nmail %s.\n' "$round" >"$work/mail"
    timeout 60 msmtp "${args[@]}" <"$work/mail" 2>"$work/err" && fail "the first try succeeded"
    says "$work/err" 'msmtp: .*timed out'
    timeout 60 msmtp "${args[@]}" <"$work/mail" || fail "the second try failed"
    fault_fired
    same "mails at the server" 2 "$(grep -c "^mail $round\." "$work/mails")"
}
reproduce attempt
