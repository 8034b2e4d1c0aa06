// SPDX-License-Identifier: MIT
//
// Every call of toxiproxy-node-client, and what it does to real connections.
// node toxiproxy_node.js PACKAGE-FOLDER API-URL; started by toxiproxy_node.sh.
"use strict";
const assert = require("assert");
const net = require("net");
const { Toxiproxy } = require(process.argv[2]);
const url = process.argv[3];
const toxiproxy = new Toxiproxy(url);

const DEADLINE_MS = 20000;
const NEVER_MS = 3600000; // far beyond it

function now() {
  return Number(process.hrtime.bigint()) / 1e6;
}

// --- peers ---------------------------------------------------------------------------------------

// Answers "N\n" with N bytes, and a FIN with a FIN.
function startServer() {
  return new Promise((resolve) => {
    const server = net.createServer({ allowHalfOpen: true }, (socket) => {
      socket.on("data", (bytes) => socket.write(Buffer.alloc(Number(bytes.toString()), "x")));
      socket.on("end", () => socket.end());
      socket.on("error", () => {});
    });
    server.listen(0, "127.0.0.1", () => resolve(server));
  });
}

// A client that notes what it got, when, and how it ended: "fin", "rst", or another code.
function connect(proxy) {
  const [host, port] = [proxy.listen.replace(/:\d+$/, ""), Number(/\d+$/.exec(proxy.listen)[0])];
  const client = { bytes: 0, ended: null, waiting: [] };
  const tell = () => client.waiting.splice(0).forEach((wake) => wake());
  client.socket = net.connect({ host, port, allowHalfOpen: true });
  client.socket.setNoDelay(true);
  client.socket.on("data", (data) => {
    client.bytes += data.length;
    tell();
  });
  client.socket.on("end", () => {
    client.ended = client.ended || "fin";
    tell();
  });
  client.socket.on("error", (error) => {
    client.ended = error.code === "ECONNRESET" ? "rst" : error.code;
    tell();
  });
  client.until = async (what, condition) => {
    const deadline = now() + DEADLINE_MS;
    while (!condition()) {
      const left = deadline - now();
      assert(left > 0, `${what}: ${client.bytes} bytes, ended: ${client.ended}`);
      await new Promise((resolve) => {
        const timer = setTimeout(resolve, left);
        client.waiting.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  };
  // Asks for n bytes; returns how many milliseconds it took until they were there.
  client.ask = async (n) => {
    const begin = now();
    const want = client.bytes + n;
    client.socket.write(`${n}\n`);
    await client.until(`${n} bytes`, () => client.bytes >= want);
    assert.strictEqual(client.bytes, want);
    return now() - begin;
  };
  client.end = async (how) => {
    await client.until(`an end by ${how}`, () => client.ended !== null);
    assert.strictEqual(client.ended, how);
    client.socket.destroy();
  };
  return client;
}

async function rejects(call, pattern) {
  await assert.rejects(call, (error) => {
    assert.match(`${error.name} ${error.message}`, pattern);
    return true;
  });
}

// --- proxies -------------------------------------------------------------------------------------

async function proxies(upstream) {
  const version = await toxiproxy.getVersion();
  const words = typeof version === "string" ? version : JSON.stringify(version.data);
  assert.match(words, /\d+\.\d+\.\d+/);
  assert.deepStrictEqual(await toxiproxy.getAll(), {});

  const proxy = await toxiproxy.createProxy({ name: "p", listen: "localhost:0", upstream });
  assert.strictEqual(proxy.name, "p");
  assert.match(proxy.listen, /^127\.0\.0\.1:[1-9]\d*$/);
  assert.strictEqual(proxy.upstream, upstream);
  assert.strictEqual(proxy.enabled, true);
  assert.strictEqual(proxy.getHost(), url);
  assert.strictEqual(proxy.getPath(), `${url}/proxies/p`);
  assert.strictEqual(proxy.getToxiproxy(), toxiproxy);
  assert.strictEqual(proxy.toJson().listen, proxy.listen);
  const client = connect(proxy);
  await client.ask(100000);
  await rejects(toxiproxy.createProxy({ name: "p", listen: "localhost:0", upstream }), /409/);
  await rejects(toxiproxy.createProxy({ name: "q", listen: proxy.listen, upstream }), /500/);
  await rejects(toxiproxy.createProxy({ name: "q" }), /400/);
  await rejects(toxiproxy.get("q"), /404/);
  assert.deepStrictEqual((await toxiproxy.get("p")).toJson(), proxy.toJson());
  assert.deepStrictEqual(Object.keys(await toxiproxy.getAll()), ["p"]);

  const off = await proxy.update({ enabled: false, listen: proxy.listen, upstream });
  assert.strictEqual(off.enabled, false);
  await client.end("fin");
  await connect(proxy).end("ECONNREFUSED");
  const on = await proxy.update({ enabled: true, listen: proxy.listen, upstream });
  assert.deepStrictEqual([on.enabled, on.listen], [true, proxy.listen]);
  const again = connect(on);
  await again.ask(10);

  const elsewhere = await proxy.update({ enabled: true, listen: proxy.listen, upstream: "127.0.0.1:1" });
  assert.strictEqual(elsewhere.upstream, "127.0.0.1:1");
  await again.end("fin");
  await connect(elsewhere).end("fin"); // an upstream that refuses
  await proxy.update({ enabled: true, listen: proxy.listen, upstream });

  const populated = await toxiproxy.populate([
    { name: "p", listen: proxy.listen, upstream, enabled: true },
    { name: "r", listen: "localhost:0", upstream, enabled: true },
  ]);
  assert.deepStrictEqual(Object.keys(populated), ["p", "r"]);
  assert.strictEqual(populated.p.listen, proxy.listen);
  const other = connect(populated.r);
  await other.ask(1);
  await populated.r.remove();
  await other.end("fin");
  await rejects(populated.r.remove(), /404/);
  await rejects(toxiproxy.get("r"), /404/);
  return toxiproxy.get("p");
}

// --- toxics --------------------------------------------------------------------------------------

async function toxicObjects(proxy) {
  const toxic = await proxy.addToxic({
    name: "t",
    type: "latency",
    stream: "upstream",
    toxicity: 0.3,
    attributes: { latency: 5, jitter: 1 },
  });
  const want = {
    name: "t",
    type: "latency",
    stream: "upstream",
    toxicity: 0.3,
    attributes: { latency: 5, jitter: 1 },
  };
  assert.deepStrictEqual({ ...toxic.toJson() }, want);
  assert.deepStrictEqual({ ...(await proxy.getToxic("t")).toJson() }, want);
  assert.strictEqual(toxic.getPath(), `${proxy.getPath()}/toxics/t`);
  await rejects(proxy.addToxic({ name: "t", type: "noop" }), /409/);
  await rejects(proxy.addToxic({ type: "nothing" }), /400/);
  await rejects(proxy.addToxic({ type: "noop", stream: "sideways" }), /400/);
  await rejects(proxy.addToxic({ type: "slicer" }), /400/);
  await rejects(proxy.getToxic("nothing"), /404/);
  const updated = await toxic.update({ attributes: { latency: 6 }, toxicity: 1 });
  assert.deepStrictEqual(updated.attributes, { latency: 6, jitter: 1 });
  assert.strictEqual(updated.toxicity, 1);
  await toxic.remove();
  await rejects(toxic.remove(), /404/);
  const byDefault = await proxy.addToxic({ type: "bandwidth", attributes: { rate: 1000 } });
  assert.strictEqual(byDefault.name, "bandwidth_downstream");
  assert.strictEqual(byDefault.stream, "downstream");
  assert.strictEqual(byDefault.toxicity, 1);
  await byDefault.remove();
}

// Each is added to a connection that stands, and taken away from it.
async function lasting(proxy) {
  const client = connect(proxy);
  await client.ask(1000);

  const latency = await proxy.addToxic({ type: "latency", attributes: { latency: 100, jitter: 0 } });
  assert((await client.ask(1000)) >= 100);
  await latency.update({ attributes: { latency: 200 } });
  assert((await client.ask(1000)) >= 200);
  await latency.update({ attributes: { latency: NEVER_MS } });
  await latency.remove();
  await client.ask(1000);

  const bandwidth = await proxy.addToxic({ type: "bandwidth", attributes: { rate: 1000 } });
  assert((await client.ask(200000)) >= 195);
  await bandwidth.update({ attributes: { rate: 100000 } });
  await client.ask(1000000);
  await bandwidth.remove();

  const slicer = await proxy.addToxic({
    type: "slicer",
    attributes: { average_size: 100, size_variation: 50, delay: 10000 },
  });
  assert((await client.ask(2000)) >= 100);
  await slicer.remove();
  await client.ask(500000);

  const limit = await proxy.addToxic({ type: "limit_data", attributes: { bytes: 1000 } });
  await client.ask(500);
  await limit.update({ attributes: { bytes: 2000 } });
  await client.ask(1000);
  await limit.remove();
  await client.ask(5000);
  client.socket.destroy();
}

async function endings(proxy) {
  let client = connect(proxy);
  await client.ask(1);
  const limit = await proxy.addToxic({ type: "limit_data", attributes: { bytes: 1000 } });
  client.socket.write("5000\n");
  await client.end("fin");
  assert.strictEqual(client.bytes, 1001);
  await limit.remove();

  client = connect(proxy);
  await client.ask(1);
  let begin = now();
  const reset = await proxy.addToxic({ type: "reset_peer", attributes: { timeout: 100 } });
  await client.end("rst");
  assert(now() - begin >= 99);
  await reset.remove();

  client = connect(proxy);
  await client.ask(1);
  begin = now();
  const timeout = await proxy.addToxic({ type: "timeout", attributes: { timeout: 100 } });
  client.socket.write("1000\n");
  await client.end("fin");
  assert(now() - begin >= 99);
  assert.strictEqual(client.bytes, 1);
  await timeout.update({ attributes: { timeout: 0 } });
  client = connect(proxy);
  client.socket.write("1000\n");
  await new Promise((resolve) => setTimeout(resolve, 200)); // nothing comes meanwhile
  assert.deepStrictEqual([client.bytes, client.ended], [0, null]);
  await timeout.remove();
  await client.end("fin");

  client = connect(proxy);
  await client.ask(1);
  const slow = await proxy.addToxic({ type: "slow_close", attributes: { delay: 200 } });
  begin = now();
  client.socket.end();
  await client.end("fin");
  assert(now() - begin >= 199);
  await slow.remove();
}

async function reset(proxy) {
  await proxy.addToxic({ type: "latency", attributes: { latency: NEVER_MS, jitter: 0 } });
  await proxy.update({ enabled: false, listen: proxy.listen, upstream: proxy.upstream });
  await toxiproxy.reset();
  const back = await toxiproxy.get("p");
  assert.strictEqual(back.enabled, true);
  await rejects(back.getToxic("latency_downstream"), /404/);
  const client = connect(back);
  await client.ask(10);
  client.socket.destroy();
  await back.remove();
  assert.deepStrictEqual(await toxiproxy.getAll(), {});
}

async function main() {
  const server = await startServer();
  const proxy = await proxies(`127.0.0.1:${server.address().port}`);
  await toxicObjects(proxy);
  await lasting(proxy);
  await endings(proxy);
  await reset(proxy);
  process.exit(0);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
