#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Report: pimalaya/core#46
# Symptom: the 250 behind DATA is lost: the mail comes twice
# Programs: smtplib, aiosmtpd
# INI: `close` upstream at `message:1/mail_data`
# shellcheck source=tests/reports/lib.sh
. "$(dirname "$0")/lib.sh"
smtp_server_start
cat >"$work/client.py" <<'PY'
import smtplib, sys
for attempt in range(2):
    try:
        with smtplib.SMTP("127.0.0.1", int(sys.argv[1])) as server:
            server.sendmail("a@example.com", ["b@example.com"], "Subject: x\r\n\r\n%s\r\n" % sys.argv[2])
        break
    except smtplib.SMTPServerDisconnected as error:
        print(error)
PY

attempt() {
    in_front_of "$server_port" smtp <<'INI'
[fault answer-lost]
type = close
direction = upstream
when = message:1/mail_data
connections = 1
INI
    prints '^Connection unexpectedly closed' "$python" "$work/client.py" "$port" "mail $round."
    fault_fired
    same "mails at the server" 2 "$(grep -c "^mail $round\." "$work/mails")"
}
reproduce attempt
