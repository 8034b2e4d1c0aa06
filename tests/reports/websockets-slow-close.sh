#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Report: python-websockets/websockets#73
# Symptom: the server's FIN comes late: close() lasts its whole timeout
# Programs: python websockets 10.4, ws 8
# INI: `hold_fin` downstream, `for = 20s`
# shellcheck source=tests/reports/lib.sh
. "$(dirname "$0")/lib.sh"
need_python websockets
need_npm ws@8
cat >"$work/server.js" <<'JS'
const { WebSocketServer } = require('ws');
new WebSocketServer({ host: '127.0.0.1', port: +process.argv[2] });
JS
cat >"$work/client.py" <<'PY'
import asyncio, sys, time, websockets
async def main():
    socket = await websockets.connect("ws://%s/" % sys.argv[1], close_timeout=2)
    start = time.monotonic()
    await socket.close()
    spent = time.monotonic() - start
    print("close code", socket.close_code, "after its timeout" if spent >= 2 else "after %.3f s" % spent)
asyncio.run(main())
PY
serve node "$work/server.js" @PORT@

attempt() {
    in_front_of "$server_port" http <<'INI'
[fault slow-close]
type = hold_fin
direction = downstream
for = 20s
INI
    prints '^close code 1000 after its timeout$' "$python" "$work/client.py" "$address"
    fault_fired
}
reproduce attempt
