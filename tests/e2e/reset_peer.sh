#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# A `reset_peer` whose timeout is 0 resets within 10 ms. Clients that dial and then write see their connection first: not their
# connect() fails, but a write or a read. A connect() that takes longer, on a busy machine, does not count.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

cat >"$work/client.py" <<'PYTHON'
import socket, sys, time

counted = 0
while counted < 40:
    begin = time.monotonic()
    try:
        client = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
    except ConnectionResetError:
        took_ms = (time.monotonic() - begin) * 1e3
        if took_ms < 10:
            sys.exit(f"connect() failed after {took_ms:.1f} ms, behind {counted} that did not")
        continue
    try:
        client.sendall(b"hello")
        sys.exit(f"read {client.recv(1)!r} instead of a reset")
    except (ConnectionResetError, BrokenPipeError):
        counted += 1
    client.close()
print(counted)
PYTHON

cat >"$work/client.js" <<'NODE'
const net = require("net");

function dial(counted) {
  if (counted === 40) {
    console.log(counted);
    return;
  }
  const begin = performance.now();
  let connected = false;
  const client = net.connect(Number(process.argv[2]), "127.0.0.1", () => {
    connected = true;
    client.write("hello");
  });
  client.on("end", () => {
    throw new Error("a FIN instead of a reset");
  });
  client.on("error", (error) => {
    const tookMs = performance.now() - begin;
    if (!["ECONNRESET", "EPIPE"].includes(error.code) || (!connected && tookMs < 10)) throw error;
    dial(connected ? counted + 1 : counted);
  });
}
dial(0);
NODE

proxy_ready=$work/ready proxy_err=$work/err1
proxy_spawn --listen 127.0.0.1:0 --upstream builtin:discard --fault 'type=reset_peer direction=downstream' --log none
port=$(proxy_port main)
tested=0
for runtime in python3:client.py node:client.js; do
    command -v "${runtime%:*}" >/dev/null || continue
    expect 0 timeout 60 "${runtime%:*}" "$work/${runtime#*:}" "$port"
    same "resets that ${runtime%:*} sees" 40 "$(cat "$work/out")"
    tested=$((tested + 1))
done
proxy_stop
[ "$tested" -gt 0 ] || skip "neither python3 nor node is here"
