// SPDX-License-Identifier: MIT
//
// The servers of these conversations share this: it cuts requests out of a stream and answers each. A server is started as
// `node FILE PORT ADDRESS_FILE PACKAGES`. ADDRESS_FILE holds HOST:PORT, where clients reach it; PACKAGES is npm's folder.
import fs from "node:fs";
import net from "node:net";
import {createRequire} from "node:module";

const [port, addressFile, packages] = process.argv.slice(2);
export const load = createRequire(`${packages}/`);

// size(bytes): the size of the message that begins there; undefined: more bytes are needed.
// answer(message): a list of replies.
export function serve(size, answer) {
  net.createServer(socket => {
    let bytes = Buffer.alloc(0);
    socket.on("error", () => socket.destroy());
    socket.on("data", more => {
      bytes = Buffer.concat([bytes, more]);
      for (let n = size(bytes); n !== undefined && n <= bytes.length; n = size(bytes)) {
        for (const reply of answer(bytes.subarray(0, n)))
          socket.write(reply);
        bytes = bytes.subarray(n);
      }
    });
  }).listen(Number(port), "127.0.0.1");
}

export function address() {
  const [host, clientPort] = fs.readFileSync(addressFile, "utf8").trim().split(":");
  return {host, port: Number(clientPort)};
}

// Numbers of so many bits, big endian.
function number(bits) {
  return value => {
    const bytes = Buffer.alloc(bits / 8);
    bits === 64 ? bytes.writeBigInt64BE(BigInt(value)) : bytes.writeIntBE(value, 0, bits / 8);
    return bytes;
  };
}
export const int8 = number(8), int16 = number(16), int32 = number(32), int64 = number(64);
export const join = (...parts) => Buffer.concat(parts);
