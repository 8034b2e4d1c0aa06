#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Report: urllib3/urllib3#1516
# Symptom: `ChunkedEncodingError`, `InvalidChunkLength(got length b''`
# Programs: requests, nginx
# INI: `close` before `match:"0\r\n\r\n"`
# shellcheck source=tests/reports/lib.sh
. "$(dirname "$0")/lib.sh"
need_python requests
nginx_start
head -c 20000 /dev/zero >"$work/www/page"
cat >"$work/client.py" <<'PY'
import requests, sys
try:
    requests.get("http://%s/page" % sys.argv[1])
except requests.exceptions.ChunkedEncodingError as error:
    print("ChunkedEncodingError", error)
PY

attempt() {
    in_front_of "$nginx_port" http <<'INI'
[fault no-last-chunk]
type = close
side = client
when = match:"0\r\n\r\n"
edge = before
INI
    prints "^ChunkedEncodingError .*InvalidChunkLength\(got length b''" "$python" "$work/client.py" "$address"
    fault_fired
}
reproduce attempt
