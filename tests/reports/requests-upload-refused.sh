#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Report: psf/requests#2422
# Symptom: `Connection aborted`: reset or broken pipe
# Programs: requests, nginx
# INI: `unread` at `message:1/body` upstream
# shellcheck source=tests/reports/lib.sh
. "$(dirname "$0")/lib.sh"
need_python requests
nginx_start
cat >"$work/client.py" <<'PY'
import requests, sys
try:
    requests.post("http://%s/" % sys.argv[1], data=b"0" * 20000000)
except requests.ConnectionError as error:
    print(error)
PY

attempt() {
    in_front_of "$nginx_port" http <<'INI'
[fault refused]
type = unread
side = client
direction = upstream
when = message:1/body
INI
    prints "^\('Connection aborted.', (ConnectionResetError\(104, 'Connection reset|BrokenPipeError\(32, 'Broken pipe)" \
        "$python" "$work/client.py" "$address"
    fault_fired
}
reproduce attempt
