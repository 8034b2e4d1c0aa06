#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Report: aws/aws-sdk-java-v2#5415 (kin)
# Symptom: a reset behind the body of an upload: each retry sends the consumed stream again, no byte, and ends in `RequestTimeout`
# Programs: aws-sdk 2.1693 (npm), node
# INI: `reset` upstream at the end of `message:1`, `times = 1`
# shellcheck source=tests/reports/lib.sh
. "$(dirname "$0")/lib.sh"
need_npm aws-sdk@2.1693.0
# A store as S3: a body that stops coming is answered with 400 and RequestTimeout.
cat >"$work/server.js" <<'JS'
const { appendFileSync } = require('fs');
const late = '<Error><Code>RequestTimeout</Code><Message>The socket was not read from or written to.</Message></Error>';
require('http').createServer((request, reply) => {
    let got = 0;
    const answer = (status, body) => {
        appendFileSync(process.argv[3], `${status} ${got}\n`);
        reply.writeHead(status, { 'Content-Type': 'application/xml', ETag: '"a"', Connection: 'close' });
        reply.end(body);
    };
    let timer = setTimeout(answer, 1000, 400, late);
    request.on('data', (data) => {
        got += data.length;
        clearTimeout(timer);
        timer = setTimeout(answer, 1000, 400, late);
    });
    request.on('end', () => {
        clearTimeout(timer);
        answer(200, '');
    });
    request.on('error', () => clearTimeout(timer));
}).listen(+process.argv[2], '127.0.0.1');
JS
cat >"$work/client.js" <<'JS'
process.env.AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE = '1';
const { S3 } = require('aws-sdk');
const store = new S3({ region: 'us-east-1', endpoint: `http://${process.argv[2]}`, s3ForcePathStyle: true, maxRetries: 1,
    accessKeyId: 'a', secretAccessKey: 'b' });
const upload = { Bucket: 'b', Key: 'k', Body: require('fs').createReadStream(process.argv[3]), ContentLength: 2000000 };
store.putObject(upload, (error) => console.log(error ? error.code : 'stored'));
JS
head -c 2000000 /dev/zero >"$work/body"
serve node "$work/server.js" @PORT@ "$work/uploads"

attempt() {
    in_front_of "$server_port" http <<'INI'
[fault behind-body]
type = reset
direction = upstream
when = message:1
times = 1
INI
    : >"$work/uploads"
    prints '^RequestTimeout$' node "$work/client.js" "$address" "$work/body"
    fault_fired
    same "bodies at the store" "200 2000000,400 0" "$(paste -sd, "$work/uploads")"
}
reproduce attempt
