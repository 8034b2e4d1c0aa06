#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Report: curl/curl#8809 (kin)
# Symptom: curl: (18) `HTTP/2 stream 1 was not closed cleanly`
# Programs: curl, node (http2 over TLS)
# INI: `close` at `message:20/application_data`
# shellcheck source=tests/reports/lib.sh
. "$(dirname "$0")/lib.sh"
need curl node
http2_server_start

attempt() {
    in_front_of "$server_port" tls <<'INI'
[fault cut]
type = close
side = client
when = message:20/application_data
INI
    expect 18 web -k --http2 -o /dev/null -w '%{http_version}' "https://$address/"
    same "HTTP version" 2 "$(cat "$work/out")"
    says "$work/err" 'HTTP/2 stream 1 was not closed cleanly'
    fault_fired
}
reproduce attempt
