// SPDX-License-Identifier: MIT
//
// A server that knows hello, ping and insert. Formats: MongoDB's wire protocol (OP_QUERY of the first hello, OP_REPLY,
// OP_MSG whose section is of kind 0), and BSON by the package of the driver.
import {join, load, serve} from "./server.mjs";

const {BSON} = load("bson");
const OP_REPLY = 1, OP_QUERY = 2004, OP_MSG = 2013;
const HEADER = 16;
let number = 0;

function message(code, responseTo, ...parts) {
  const body = join(...parts);
  const header = Buffer.alloc(HEADER);
  [HEADER + body.length, ++number, responseTo, code].forEach((value, i) => header.writeInt32LE(value, 4 * i));
  return join(header, body);
}

const hello = {
  helloOk: true, isWritablePrimary: true, ismaster: true, maxBsonObjectSize: 16777216, maxMessageSizeBytes: 48000000,
  maxWriteBatchSize: 100000, minWireVersion: 0, maxWireVersion: 21, readOnly: false, ok: 1,
};
const commands = {hello, ismaster: hello, isMaster: hello, ping: {ok: 1}, endSessions: {ok: 1}, insert: {n: 1, ok: 1}};

function reply(bytes) {
  const [name] = Object.keys(BSON.deserialize(bytes.subarray(0, bytes.readInt32LE(0))));
  return BSON.serialize(commands[name] ?? {ok: 0, errmsg: `no such command: ${name}`, code: 59});
}

function answer(request) {
  const id = request.readInt32LE(4);
  if (request.readInt32LE(12) === OP_MSG)
    return [message(OP_MSG, id, Buffer.alloc(5), reply(request.subarray(HEADER + 5)))];
  if (request.readInt32LE(12) !== OP_QUERY)
    return [];
  const behindName = request.indexOf(0, HEADER + 4) + 1; // two numbers stand before the document
  const fields = Buffer.from([8, 0, 0, 0, ...Buffer.alloc(12), 1, 0, 0, 0]); // flags, cursor, from, documents: 1
  return [message(OP_REPLY, id, fields, reply(request.subarray(behindName + 8)))];
}

serve(bytes => bytes.length < HEADER ? undefined : bytes.readInt32LE(0), answer);
