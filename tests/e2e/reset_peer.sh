#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# A `reset_peer` whose timeout is 0 waits until the client has sent something, for at most 250 ms. Clients that dial and then
# write see their connection first: not their connect() fails, but a write or a read, also where they look late. A client that
# only reads gets its RST without sending. A connect() that is seen after more than 250 ms, on a busy machine, does not count.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

cat >"$work/client.py" <<'PYTHON'
import errno, socket, sys, time

address = ("127.0.0.1", int(sys.argv[1]))

# dial(late_s) -> the socket, errno of the connect, how long it took in ms. Looks at the connect after `late_s`.
def dial(late_s):
    begin = time.monotonic()
    client = socket.socket()
    client.setblocking(False)
    client.connect_ex(address)
    time.sleep(late_s)
    client.settimeout(30)
    error = client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    return client, error, (time.monotonic() - begin) * 1e3

def expect_reset(client, begin):
    try:
        sys.exit(f"read {client.recv(1)!r} instead of a reset")
    except ConnectionResetError:
        return (time.monotonic() - begin) * 1e3

counted = 0
while counted < 20:
    client, error, took_ms = dial(0.03)
    if error != 0:
        if error != errno.ECONNRESET or took_ms < 250:
            sys.exit(f"connect() failed after {took_ms:.1f} ms: {errno.errorcode[error]}, behind {counted} that did not")
        continue
    try:
        client.sendall(b"hello")
        expect_reset(client, 0)
    except (BrokenPipeError, ConnectionResetError): # the RST may be there before the first write
        pass
    counted += 1
    client.close()

counted = 0
while counted < 3:
    begin = time.monotonic()
    client, error, took_ms = dial(0)
    if error == errno.ECONNRESET and took_ms >= 250:
        continue
    waited_ms = expect_reset(client, begin)
    if waited_ms < 250:
        sys.exit(f"a silent client was reset after {waited_ms:.1f} ms, not after 250")
    counted += 1
    client.close()
print("well")
PYTHON

cat >"$work/client.js" <<'NODE'
const net = require("net");

function dial(counted) {
  if (counted === 40) {
    console.log("well");
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
    if (!["ECONNRESET", "EPIPE"].includes(error.code) || (!connected && tookMs < 250)) throw error;
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
    same "clients in ${runtime%:*}" well "$(cat "$work/out")"
    tested=$((tested + 1))
done
proxy_stop
[ "$tested" -gt 0 ] || skip "neither python3 nor node is here"
