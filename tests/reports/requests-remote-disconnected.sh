#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Report: psf/requests#4664
# Symptom: `('Connection aborted.', RemoteDisconnected(...`
# Programs: requests, nginx
# INI: `close` upstream before `message:2/POST`
# shellcheck source=tests/reports/lib.sh
. "$(dirname "$0")/lib.sh"
need_python requests
nginx_start
cat >"$work/client.py" <<'PY'
import requests, sys
session = requests.Session()
try:
    for _ in range(2):
        session.post("http://%s/" % sys.argv[1], data=b"order")
except requests.ConnectionError as error:
    print(error)
PY

attempt() {
    in_front_of "$nginx_port" http <<'INI'
[fault keepalive-race]
type = close
direction = upstream
when = message:2/POST
edge = before
INI
    prints "^\('Connection aborted.', RemoteDisconnected\('Remote end closed connection without response" \
        "$python" "$work/client.py" "$address"
    fault_fired
}
reproduce attempt
