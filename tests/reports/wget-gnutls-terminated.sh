#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Report: no thread known
# Symptom: close_notify is missing: `The TLS connection was non-properly terminated`
# Programs: wget (GnuTLS), openssl s_server
# INI: `close` before `message:1/alert`, TLS 1.2
# shellcheck source=tests/reports/lib.sh
. "$(dirname "$0")/lib.sh"
need wget
wget --version | grep '+ssl/gnutls' >/dev/null || skip "wget is built without GnuTLS"
certificate_make
serve openssl s_server -quiet -tls1_2 -www -accept 127.0.0.1:@PORT@ -cert "$work/cert" -key "$work/key"

attempt() {
    in_front_of "$server_port" tls <<'INI'
[fault no-goodbye]
type = close
side = client
when = message:1/alert
edge = before
INI
    expect '0|4' wget --no-config --no-proxy --tries=1 --timeout=30 --no-check-certificate \
        -O "$work/page" "https://$address/"
    says "$work/err" 'non-properly terminated'
    fault_fired
}
reproduce attempt
