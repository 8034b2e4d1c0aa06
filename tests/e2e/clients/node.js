// SPDX-License-Identifier: MIT
// The launcher for Node. node node.js LAUNCHER [wait]
"use strict";
const assert = require("assert");
const fs = require("fs");
const http = require("http");
const net = require("net");
const os = require("os");
const path = require("path");
const { Rudeproxy } = require(process.argv[2]);

// With NODE_USE_ENV_PROXY these use the proxy of the environment (Node 22.21, 24), which does not know our API.
const elsewhere = () => {
  throw new Error("a call of the API goes through the process's own agent");
};
globalThis[Symbol.for("undici.globalDispatcher.1")] = { dispatch: elsewhere };
http.globalAgent.addRequest = elsewhere;

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

const CONFIG = `
[rudeproxy]
grace = 60s
[proxy one]
listen = 127.0.0.1:0
upstream = builtin:http
[proxy two]
listen = 127.0.0.1:0
upstream = builtin:http
[fault cut]
type = reset
when = bytes:1k
`;

// A fault of the file has one count, whatever number of proxies it is for. stop() waits for no connection.
async function configOfTwo() {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "rudeproxy-node-"));
  fs.writeFileSync(path.join(folder, "two.ini"), CONFIG);
  const rude = await Rudeproxy.start({ config: path.join(folder, "two.ini") });
  fs.rmSync(folder, { recursive: true });
  assert.equal(await download(rude.address("one")), "ECONNRESET");
  assert.equal(await rude.fired("cut"), 1);
  const [host, port] = (await rude.addProxy("with a blank", "builtin:echo")).split(":");
  const client = net.connect(Number(port), host);
  client.on("error", () => {});
  client.write("x");
  await new Promise((resolve) => client.once("data", resolve));
  assert.equal(await rude.stop(), 0);
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
  await configOfTwo();
  await assert.rejects(Rudeproxy.start({ program: "/bin/false" }), /ended with 1/);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
