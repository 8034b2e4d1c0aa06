#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Report: psf/requests#5002
# Symptom: a pooled socket stays in CLOSE_WAIT
# Programs: requests, nginx
# INI: `close` at `message:1`, `trigger_delay = 50ms`
# shellcheck source=tests/reports/lib.sh
. "$(dirname "$0")/lib.sh"
need_python requests
nginx_start
cat >"$work/client.py" <<'PY'
import requests, sys, time
session = requests.Session()
session.get("http://%s/" % sys.argv[1])
port = "%04X" % int(sys.argv[1].split(":")[1])
end = time.monotonic() + 20
state = None
while state != "08" and time.monotonic() < end:
    rows = [line.split() for line in open("/proc/net/tcp")]
    state = next((row[3] for row in rows[1:] if row[2].endswith(":" + port)), None)
    time.sleep(0.02)
print({"08": "CLOSE_WAIT"}.get(state, state))
PY

attempt() {
    in_front_of "$nginx_port" http <<'INI'
[fault idle-closed]
type = close
when = message:1
trigger_delay = 50ms
INI
    prints '^CLOSE_WAIT$' "$python" "$work/client.py" "$address"
    fault_fired
}
reproduce attempt
