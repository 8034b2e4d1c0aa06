#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Report: curl/curl#8809 (kin)
# Symptom: curl: (56) `Connection reset by peer` in an HTTP/2 stream
# Programs: curl, node (http2 over TLS)
# INI: `reset` at `message:20/application_data`
# shellcheck source=tests/reports/lib.sh
. "$(dirname "$0")/lib.sh"
need curl node
http2_server_start

attempt() {
    in_front_of "$server_port" tls <<'INI'
[fault cut]
type = reset
when = message:20/application_data
INI
    expect 56 web -k --http2 -o /dev/null -w '%{http_version}' "https://$address/"
    same "HTTP version" 2 "$(cat "$work/out")"
    says "$work/err" 'curl: \(56\).*Connection reset by peer'
    fault_fired
}
reproduce attempt
