#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Report: encode/httpx#1927
# Symptom: `peer closed connection without sending complete message body (incomplete chunked read)`
# Programs: httpx, nginx
# INI: `close` at `message:1/trailer`
# shellcheck source=tests/reports/lib.sh
. "$(dirname "$0")/lib.sh"
need_python httpx
nginx_start
head -c 20000 /dev/zero >"$work/www/page"
cat >"$work/client.py" <<'PY'
import httpx, sys
try:
    httpx.get("http://%s/page" % sys.argv[1])
except httpx.RemoteProtocolError as error:
    print(error)
PY

attempt() {
    in_front_of "$nginx_port" http <<'INI'
[fault body-cut]
type = close
side = client
when = message:1/trailer
INI
    prints '^peer closed connection without sending complete message body \(incomplete chunked read\)$' \
        "$python" "$work/client.py" "$address"
    fault_fired
}
reproduce attempt
