// SPDX-License-Identifier: MIT
//
// A broker that takes messages, confirms them and forgets them. Formats: the specification of AMQP 0-9-1, 4.2.3 (frames) and
// its classes; confirms are RabbitMQ's extension (class 85).
import {int8, int16, int32, int64, join, serve} from "./server.mjs";

const METHOD = 1, BODY = 3, END = 0xce;
const shortstr = text => join(int8(text.length), Buffer.from(text));
const longstr = text => join(int32(text.length), Buffer.from(text));
let confirmed = 0;

const frame = (type, channel, payload) =>
  join(int8(type), int16(channel), int32(payload.length), payload, Buffer.from([END]));
const method = (channel, classId, methodId, ...fields) =>
  frame(METHOD, channel, join(int16(classId), int16(methodId), ...fields));

// By class and method: the method that answers, and its fields.
const answers = {
  "10.11": [10, 30, int16(100), int32(131072), int16(0)], // start-ok: tune
  "10.40": [10, 41, shortstr("")],                        // open
  "10.50": [10, 51],                                      // close
  "20.10": [20, 11, longstr("")],                         // channel.open
  "20.40": [20, 41],                                      // channel.close
  "50.10": [50, 11, shortstr("words"), int32(0), int32(0)], // queue.declare
  "85.10": [85, 11],                                      // confirm.select
};

function answer(bytes) {
  if (bytes.toString("latin1", 0, 4) === "AMQP")
    return [method(0, 10, 10, int8(0), int8(9), int32(0), longstr("PLAIN"), longstr("en_US"))];
  const channel = bytes.readInt16BE(1);
  if (bytes[0] === BODY)
    return [method(channel, 60, 80, int64(++confirmed), int8(0))]; // basic.ack
  const name = bytes[0] === METHOD ? `${bytes.readInt16BE(7)}.${bytes.readInt16BE(9)}` : "";
  if (name === "20.10")
    confirmed = 0; // tags are numbered by channel, and there is one
  const fields = answers[name];
  return fields === undefined ? [] : [method(channel, ...fields)];
}

function size(bytes) {
  if (bytes.length < 8)
    return undefined;
  return bytes.toString("latin1", 0, 4) === "AMQP" ? 8 : 8 + bytes.readInt32BE(3);
}

serve(size, answer);
