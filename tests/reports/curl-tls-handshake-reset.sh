#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Report: curl/curl#1016 (kin)
# Symptom: curl: (35) `Connection reset by peer` in the TLS handshake
# Programs: curl, openssl s_server
# INI: `reset` upstream at `message:1/handshake`
# shellcheck source=tests/reports/lib.sh
. "$(dirname "$0")/lib.sh"
need curl
certificate_make
serve openssl s_server -quiet -www -accept 127.0.0.1:@PORT@ -cert "$work/cert" -key "$work/key"

attempt() {
    in_front_of "$server_port" tls <<'INI'
[fault behind-client-hello]
type = reset
direction = upstream
when = message:1/handshake
INI
    expect 35 web -k "https://$address/"
    says "$work/err" 'curl: \(35\).*Connection reset by peer'
    fault_fired
}
reproduce attempt
