#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Report: psf/requests#2833
# Symptom: no error, the body is one byte short
# Programs: requests, nginx
# INI: `close` at `message:1-1`
# shellcheck source=tests/reports/lib.sh
. "$(dirname "$0")/lib.sh"
need_python requests
nginx_start
head -c 20000 /dev/urandom >"$work/www/page"
cat >"$work/client.py" <<'PY'
import requests, sys
reply = requests.get("http://%s/page" % sys.argv[1], headers={"Accept-Encoding": "identity"})
print(reply.status_code, len(reply.content), "of", reply.headers["Content-Length"])
PY

attempt() {
    in_front_of "$nginx_port" http <<'INI'
[fault last-byte-missing]
type = close
side = client
when = message:1-1
INI
    prints '^200 19999 of 20000$' "$python" "$work/client.py" "$address"
    fault_fired
}
reproduce attempt
