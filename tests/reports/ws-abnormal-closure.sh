#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Report: websockets/ws#1860
# Symptom: close code 1006; `no close frame received or sent`
# Programs: ws 8, python websockets
# INI: `close` at `match:"echo hi"`
# shellcheck source=tests/reports/lib.sh
. "$(dirname "$0")/lib.sh"
need_python websockets
need_npm ws@8
cat >"$work/server.js" <<'JS'
const { WebSocketServer } = require('ws');
new WebSocketServer({ host: '127.0.0.1', port: +process.argv[2] }).on('connection', (socket) => {
    socket.on('error', () => {});
    socket.on('message', (data) => socket.send(`echo ${data}`));
});
JS
cat >"$work/client.js" <<'JS'
const { WebSocket } = require('ws');
const socket = new WebSocket(`ws://${process.argv[2]}/`);
socket.on('error', () => {});
socket.on('open', () => socket.send('hi'));
socket.on('message', (data) => console.log(String(data)));
socket.on('close', (code) => console.log(`close code ${code}`));
JS
cat >"$work/client.py" <<'PY'
import asyncio, sys, websockets
async def main():
    async with websockets.connect("ws://%s/" % sys.argv[1]) as socket:
        await socket.send("hi")
        print(await socket.recv())
        try:
            await socket.recv()
        except websockets.ConnectionClosedError as error:
            print(error)
asyncio.run(main())
PY
serve node "$work/server.js" @PORT@

attempt() {
    in_front_of "$server_port" http <<'INI'
[fault abnormal-closure]
type = close
when = match:"echo hi"
INI
    prints '^close code 1006$' node "$work/client.js" "$address"
    says "$work/out" '^echo hi$'
    prints '^no close frame received or sent$' "$python" "$work/client.py" "$address"
    fault_fired
}
reproduce attempt
