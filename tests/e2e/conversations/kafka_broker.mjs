// SPDX-License-Identifier: MIT
//
// A broker with one topic of one partition, as far as a producer needs it. Formats: the Kafka protocol guide, "Messages":
// request header v1, ApiVersions v0 to v2, Metadata v1, Produce v3.
import {address, int8, int16, int32, int64, join, serve} from "./server.mjs";

const TOPIC = "words";
const string = text => join(int16(Buffer.byteLength(text)), Buffer.from(text));
const array = items => join(int32(items.length), ...items);
let offset = 0;

function apiVersions(version) {
  const rows = Object.entries(apis).map(([key, {versions: [least, most]}]) =>
    join(int16(Number(key)), int16(least), int16(most)));
  return join(int16(0), array(rows), version > 0 ? int32(0) : Buffer.alloc(0));
}

function metadata() {
  const {host, port} = address();
  const broker = join(int32(1), string(host), int32(port), int16(-1));
  const partition = join(int16(0), int32(0), int32(1), array([int32(1)]), array([int32(1)]));
  return join(array([broker]), int32(1), array([join(int16(0), string(TOPIC), int8(0), array([partition]))]));
}

function produce() {
  const partition = join(int32(0), int16(0), int64(offset++), int64(-1));
  return join(array([join(string(TOPIC), array([partition]))]), int32(0));
}

const apis = {
  0: {versions: [3, 3], answer: produce},
  3: {versions: [1, 1], answer: metadata},
  18: {versions: [0, 2], answer: apiVersions},
};

function answer(request) {
  const body = join(request.subarray(8, 12), apis[request.readInt16BE(4)].answer(request.readInt16BE(6)));
  return [join(int32(body.length), body)];
}

serve(bytes => bytes.length < 4 ? undefined : 4 + bytes.readInt32BE(0), answer);
