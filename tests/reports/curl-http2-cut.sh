#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Report: curl/curl#8809 (kin)
# Symptom: curl: (56) `Connection reset by peer` in an HTTP/2 stream
# Programs: curl, node (http2 over TLS)
# INI: `reset` at `message:20/application_data`
# shellcheck source=tests/reports/lib.sh
. "$(dirname "$0")/lib.sh"
need curl node
certificate_make
cat >"$work/server.js" <<'JS'
const { readFileSync } = require('fs');
const options = { key: readFileSync(process.argv[3]), cert: readFileSync(process.argv[4]) };
const server = require('http2').createSecureServer(options, (request, reply) => reply.end(Buffer.alloc(5000000)));
server.on('sessionError', () => {});
server.listen(+process.argv[2], '127.0.0.1');
JS
server_try() {
    server_start "$1" node "$work/server.js" "$1" "$work/key" "$work/cert" || return 1
    server_port=$1
}
on_free_port server_try

attempt() {
    in_front_of "$server_port" tls <<'INI'
[fault cut]
type = reset
when = message:20/application_data
INI
    expect 56 web -k --http2 -o /dev/null -w '%{http_version}' "https://$address/"
    same "HTTP version" 2 "$(cat "$work/out")"
    says "$work/err" 'curl: \(56\).*Connection reset by peer'
    fault_fired
}
reproduce attempt
