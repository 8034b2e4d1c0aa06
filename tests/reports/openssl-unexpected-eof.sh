#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Report: openssl/openssl#11381
# Symptom: `unexpected eof while reading`: close_notify is missing
# Programs: openssl s_client, openssl s_server
# INI: `close` before `message:1/alert`
# shellcheck source=tests/reports/lib.sh
. "$(dirname "$0")/lib.sh"
certificate_make
serve openssl s_server -quiet -www -accept 127.0.0.1:@PORT@ -cert "$work/cert" -key "$work/key"
printf 'GET / HTTP/1.0\r\n\r\n' >"$work/request"

attempt() {
    in_front_of "$server_port" tls <<'INI'
[fault no-goodbye]
type = close
side = client
when = message:1/alert
edge = before
INI
    openssl s_client -tls1_2 -quiet -connect "$address" <"$work/request" >"$work/out" 2>"$work/err" || true
    says "$work/out" 'HTTP/1.0 200'
    says "$work/err" 'unexpected eof while reading'
    fault_fired
}
reproduce attempt
