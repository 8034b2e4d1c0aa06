#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Report: aio-libs/aiohttp#2682
# Symptom: `ServerDisconnectedError: Server disconnected`
# Programs: aiohttp, nginx
# INI: `close` upstream before `message:2/POST`
# shellcheck source=tests/reports/lib.sh
. "$(dirname "$0")/lib.sh"
need_python aiohttp
nginx_start
cat >"$work/client.py" <<'PY'
import aiohttp, asyncio, sys
async def main():
    async with aiohttp.ClientSession() as session:
        for _ in range(2):
            async with session.post("http://%s/" % sys.argv[1], data=b"order") as reply:
                await reply.read()
try:
    asyncio.run(main())
except aiohttp.ClientError as error:
    print(type(error).__name__ + ":", error)
PY

attempt() {
    in_front_of "$nginx_port" http <<'INI'
[fault keepalive-race]
type = close
direction = upstream
when = message:2/POST
edge = before
INI
    prints '^ServerDisconnectedError: Server disconnected$' "$python" "$work/client.py" "$address"
    fault_fired
}
reproduce attempt
