// SPDX-License-Identifier: MIT
//
// node diagram_wire.mjs DIAGRAM READY-FILE LOG: a client for each proxy of the ready file, tshark beside it, and what
// both say of the client's side, as words such as ">data <FIN" ("<": to the client). Runs of one word count once.

import assert from "node:assert/strict";
import {spawn} from "node:child_process";
import {readFileSync} from "node:fs";
import net from "node:net";

const [diagram, ready, log] = process.argv.slice(2);
const SILENT = ["no_server", "reset_at_accept"]; // the client only waits
const REQUEST = "GET /bytes/5000 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

// Enough of a document for a drawing whose words are read.
class Element {
  constructor(name) { this.name = name; this.children = []; }
  setAttribute() {}
  append(...children) { this.children.push(...children); }
}
globalThis.document = {createElementNS: (_, name) => new Element(name)};
const {drawConnection} = await import(diagram);

const proxies = readFileSync(ready, "utf8").trim().split("\n").map(line => line.split(" "))
  .map(([name, address]) => ({name, port: Number(address.split(":").pop())}));
const once = words => words.filter((word, i) => word !== words[i - 1]).join(" ");
const until = async (what, check) => {
  for (const end = Date.now() + 60000; !check(); await new Promise(resolve => setTimeout(resolve, 20)))
    assert.ok(Date.now() < end, what + " did not come");
};

// --- The capture ------------------------------------------------------------------------------------------------

const probe = net.createServer(socket => socket.destroy()).listen(0, "127.0.0.1");
await new Promise(resolve => probe.on("listening", resolve));
const ports = [...proxies.map(proxy => proxy.port), probe.address().port];
const fields = ["tcp.srcport", "tcp.dstport", "tcp.len", "tcp.flags.fin", "tcp.flags.reset"];
const filter = "tcp and (" + ports.map(port => "port " + port).join(" or ") + ")";
const columns = fields.flatMap(field => ["-e", field]);
const tshark = spawn("tshark", ["-l", "-n", "-i", "lo", "-f", filter, "-T", "fields", ...columns],
  {stdio: ["ignore", "pipe", "ignore"]});
process.on("exit", () => tshark.kill());
let captured = "";
tshark.stdout.on("data", data => { captured += data; });

// Connects to the probe until tshark shows one of these connections: what was sent before is in `captured` then.
async function catchUp() {
  const {port} = probe.address(), before = captured.length, sent = [];
  await until("a segment of the probe", () => {
    const socket = net.connect(port, "127.0.0.1", () => sent.push(`${socket.localPort}\t${port}\t`));
    socket.on("error", () => {});
    return sent.some(line => captured.indexOf(line, before) >= 0);
  });
}

// The kernel may give one port to connections to different addresses.
function segmentsOf(port, client) {
  const is = flag => flag === "1" || flag === "True";
  return once(captured.trim().split("\n").map(line => line.split("\t")).flatMap(([from, to, length, fin, rst]) => {
    const sign = {[`${client} ${port}`]: ">", [`${port} ${client}`]: "<"}[`${from} ${to}`];
    if (sign === undefined) return [];
    return [length !== "0" && "data", is(fin) && "FIN", is(rst) && "RST"].filter(Boolean).map(word => sign + word);
  }));
}

// --- The clients ------------------------------------------------------------------------------------------------

async function runClient({name, port}) {
  const socket = net.connect({port, host: "127.0.0.1", allowHalfOpen: true});
  socket.on("connect", () => {
    if (name === "hold_fin") socket.end(REQUEST);
    else if (!SILENT.includes(name)) socket.write(REQUEST);
  });
  socket.on("end", () => socket.end()).on("error", () => {}).resume();
  await new Promise(resolve => socket.on("close", resolve));
}

// --- The diagram ------------------------------------------------------------------------------------------------

function wordsOf(events) {
  const rows = drawConnection(events).children.find(child => child.name === "desc").textContent.split("\n");
  const words = [];
  for (const row of rows) {
    for (const [, label, from, to] of row.replace(/^[\d.]+ m?s: /, "").matchAll(/(.*?) from (\w+) to (\w+)(?:, |$)/g)) {
      if (!/connects|nothing/.test(label) && (from === "client" || to === "client"))
        words.push((from === "client" ? ">" : "<") + (/FIN|RST/.exec(label) || [kindOf(row)])[0]);
    }
  }
  return once(words);
}

// Of "the same": the kind of the row's first arrow.
const kindOf = row => (/(FIN|RST) from/.exec(row) || [0, "data"])[1];

await catchUp();
for (const proxy of proxies) await runClient(proxy);
const events = () => readFileSync(log, "utf8").split("\n").slice(0, -1).map(line => JSON.parse(line));
const ends = () => events().filter(event => event.event === "closed");
await until("the end of each connection", () => ends().length === proxies.length);
await catchUp();
probe.close();
for (const {name, port} of proxies) {
  const own = events().filter(event => event.proxy === name && event.connection !== undefined);
  const segments = segmentsOf(port, own.at(-1).client.address.split(":").pop());
  assert.equal(wordsOf(own), segments, name);
  console.log("passed: " + name + ": " + segments);
}
process.exit();
