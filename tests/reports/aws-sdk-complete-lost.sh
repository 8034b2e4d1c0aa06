#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Report: scylladb/scylladb#19533 (kin)
# Symptom: the answer to CompleteMultipartUpload is lost: the retry gets `NoSuchUpload`, although the object is stored
# Programs: aws-sdk 2.1693 (npm), node
# INI: `close` at upstream `match:"</CompleteMultipartUpload>"`, `times = 1`
# shellcheck source=tests/reports/lib.sh
. "$(dirname "$0")/lib.sh"
need_npm aws-sdk@2.1693.0
# A store as S3, which forgets an upload once it is complete.
cat >"$work/server.js" <<'JS'
const { appendFileSync } = require('fs');
let open = false;
require('http').createServer((request, reply) => {
    const answer = (status, body) => {
        appendFileSync(process.argv[3], `${request.method} ${status}\n`);
        reply.writeHead(status, { 'Content-Type': 'application/xml', ETag: '"a"' });
        reply.end(body);
    };
    request.resume().on('end', () => {
        if (request.url.endsWith('?uploads')) {
            open = true;
            answer(200, '<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>');
        } else if (request.method === 'PUT') {
            answer(200, '');
        } else if (open) {
            open = false;
            answer(200, '<CompleteMultipartUploadResult><ETag>"a"</ETag></CompleteMultipartUploadResult>');
        } else {
            answer(404, '<Error><Code>NoSuchUpload</Code><Message>The upload does not exist.</Message></Error>');
        }
    });
}).listen(+process.argv[2], '127.0.0.1');
JS
cat >"$work/client.js" <<'JS'
process.env.AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE = '1';
const { S3 } = require('aws-sdk');
const store = new S3({ region: 'us-east-1', endpoint: `http://${process.argv[2]}`, s3ForcePathStyle: true, maxRetries: 1,
    accessKeyId: 'a', secretAccessKey: 'b' });
const upload = { Bucket: 'b', Key: 'k', Body: Buffer.alloc(6 << 20) };
store.upload(upload, { queueSize: 1, leavePartsOnError: true }, (error) => console.log(error ? error.code : 'stored'));
JS
serve node "$work/server.js" @PORT@ "$work/uploads"

attempt() {
    in_front_of "$server_port" http <<'INI'
[fault completed]
type = close
direction = upstream
when = match:"</CompleteMultipartUpload>"
times = 1
INI
    : >"$work/uploads"
    prints '^NoSuchUpload$' node "$work/client.js" "$address"
    fault_fired
    same "answers of the store" "POST 200,PUT 200,PUT 200,POST 200,POST 404" "$(paste -sd, "$work/uploads")"
}
reproduce attempt
