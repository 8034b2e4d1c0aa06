#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Report: yhirose/cpp-httplib#1808 (kin)
# Symptom: curl: (56) behind `100 Continue`
# Programs: curl, node
# INI: `reset` upstream at the end of `message:1`
# shellcheck source=tests/reports/lib.sh
. "$(dirname "$0")/lib.sh"
need curl node
cat >"$work/server.js" <<'JS'
const server = require('http').createServer((request, reply) => {
    request.resume();
    request.on('end', () => reply.end('taken'));
});
server.listen(+process.argv[2], '127.0.0.1');
JS
serve node "$work/server.js" @PORT@
head -c 1000 /dev/zero >"$work/upload"

attempt() {
    in_front_of "$server_port" http <<'INI'
[fault upload-reset]
type = reset
direction = upstream
when = message:1
INI
    expect 56 web -v -H 'Expect: 100-continue' -T "$work/upload" "http://$address/"
    says "$work/err" '100 Continue'
    says "$work/err" 'curl: \(56\) Recv failure: Connection reset by peer'
    fault_fired
}
reproduce attempt
