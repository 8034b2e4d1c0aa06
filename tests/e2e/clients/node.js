// SPDX-License-Identifier: MIT
// The launcher for Node. node node.js LAUNCHER [wait]
"use strict";
const assert = require("assert");
const http = require("http");
const { Rudeproxy } = require(process.argv[2]);

// The number of bytes of the body, or the error's code.
function download(address) {
  return new Promise((resolve) => {
    const request = http.get(`http://${address}/bytes/100k`, { agent: false }, (answer) => {
      let size = 0;
      answer.on("data", (bytes) => (size += bytes.length));
      answer.on("end", () => resolve(size));
      answer.on("error", (error) => resolve(error.code));
    });
    request.on("error", (error) => resolve(error.code));
  });
}

async function main() {
  const rude = await Rudeproxy.start();
  if (process.argv[3] === "wait") {
    console.log(rude.child.pid);
    setTimeout(() => {}, 600000);
    return;
  }
  const address = await rude.addProxy("web", "builtin:http");
  assert.equal(rude.address("web"), address);
  assert.equal(await rude.addFault("web", { type: "reset", when: "bytes:1k", name: "cut" }), "cut");
  assert.equal(await download(address), "ECONNRESET");
  assert.equal(await rude.fired("cut"), 1);
  await rude.removeFault("web", "cut");
  assert.equal(await download(address), 102400);
  assert((await rude.events()).some((event) => event.event === "fault"));
  assert.equal((await rude.report()).proxies[0].connections, 2);
  await assert.rejects(rude.addFault("web", { type: "rest" }), /did you mean 'reset'/);
  assert.equal(await rude.stop(), 0);
  await assert.rejects(Rudeproxy.start({ program: "/bin/false" }), /ended with 1/);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
