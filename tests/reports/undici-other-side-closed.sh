#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Report: nodejs/undici#583
# Symptom: `SocketError: other side closed`, `UND_ERR_SOCKET`
# Programs: node (fetch), nginx
# INI: `close` upstream before `message:2/POST`
# shellcheck source=tests/reports/lib.sh
. "$(dirname "$0")/lib.sh"
need node
nginx_start
cat >"$work/client.js" <<'JS'
(async () => {
    for (let i = 0; i < 2; i++) {
        const reply = await fetch(`http://${process.argv[2]}/`, { method: 'POST', body: 'order' });
        await reply.text();
    }
})().catch((error) => console.log(`${error.cause}`, error.cause.code));
JS

attempt() {
    in_front_of "$nginx_port" http <<'INI'
[fault keepalive-race]
type = close
direction = upstream
when = message:2/POST
edge = before
INI
    prints 'SocketError: other side closed UND_ERR_SOCKET' node "$work/client.js" "$address"
    fault_fired
}
reproduce attempt
