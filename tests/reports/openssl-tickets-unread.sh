#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Report: openssl/openssl#10880
# Symptom: a client only writes and closes with the TLS 1.3 session tickets unread: `Connection reset by peer` at the server, most of the data is lost
# Programs: openssl s_client, python3 (ssl)
# INI: `unread` at upstream `message:1/application_data` (Finished), `trigger_delay = 500ms`
# shellcheck source=tests/reports/lib.sh
. "$(dirname "$0")/lib.sh"
need_python ssl
certificate_make
# The server is slow: it reads some records, and the others only when the connection has ended.
cat >"$work/server.py" <<'PY'
import asyncio, select, ssl, sys
async def serve(reader, writer):
    received = len(await reader.read(1))
    ended = select.poll()
    ended.register(writer.get_extra_info("socket").fileno(), 0)
    ended.poll()
    end = "the end"
    try:
        while data := await reader.read(16384):
            received += len(data)
    except OSError as error:
        end = error
    with open(sys.argv[4], "a") as received_log:
        print(received, "bytes,", end, file=received_log)
async def main():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[2], sys.argv[3])
    await asyncio.start_server(serve, "127.0.0.1", int(sys.argv[1]), ssl=context, limit=1024)
    await asyncio.Event().wait()
asyncio.run(main())
PY
serve "$python" "$work/server.py" @PORT@ "$work/cert" "$work/key" "$work/received"

attempt() {
    in_front_of "$server_port" tls <<'INI'
[fault tickets-unread]
type = unread
side = server
direction = upstream
when = message:1/application_data
trigger_delay = 500ms
INI
    : >"$work/received"
    head -c 4000000 /dev/zero | timeout 60 openssl s_client -tls1_3 -quiet -no_ign_eof -connect "$address" \
        >"$work/out" 2>"$work/err" || true
    fault_fired
    eventually 20 test -s "$work/received" || fail "the server says nothing"
    # Of 4,000,000 bytes.
    says "$work/received" '^[0-9]{1,6} bytes, \[Errno 104\] Connection reset by peer'
}
reproduce attempt
