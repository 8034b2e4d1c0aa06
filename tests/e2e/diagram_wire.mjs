// SPDX-License-Identifier: MIT
//
// node diagram_wire.mjs DIAGRAM FOLDER LOG: listens with a server for each recipe and writes their ports to FOLDER/servers.
// When FOLDER/ready is there (names and addresses of the proxies), it runs a client for each proxy, with tshark beside
// it, and compares what the diagram, the packets of `view --pcapng` and the capture say of both sides, as words such as
// ">data <FIN" ("<": to the client). Runs of one word count once. Last, `view --text` has to have the diagram's rows.

import assert from "node:assert/strict";
import {execFileSync, spawn} from "node:child_process";
import {existsSync, readFileSync, renameSync, writeFileSync} from "node:fs";
import net from "node:net";

const [diagram, folder, log] = process.argv.slice(2), rudeproxy = process.env.RUDEPROXY;
const SILENT = ["no_server", "reset_at_accept"]; // the client only waits
const REQUEST = "GET /bytes/5000 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
// The recipes of docs/SCENARIOS.md, and what their peers do: the bytes of the request and of the reply, when the reply is
// sent; the client half-closes behind its request (ends) or sends it again, when the reply is there (again) or behind the
// FIN (afterwards: before it, unread bytes would make a RST of that FIN); the server closes behind its reply (closes).
const RECIPES = {
  "truncated-body": {request: 100, reply: 10000},
  "reset-laundered": {request: 100, reply: 10000},
  "half-close-lost": {request: 100, reply: 5000, ends: true},
  "slow-close": {request: 100, reply: 5000, closes: true},
  "close-before-greeting": {request: 0, reply: 9},
  "keepalive-race": {request: 100, reply: 200, afterwards: true},
  "max-age-race": {request: 100, reply: 0},
  "write-acked-reply-lost": {request: 100, reply: 50},
  "reset-after-reply": {request: 100, reply: 5000},
  "idle-then-reset": {request: 100, reply: 200, again: true},
  "commit-lost": {request: 50, reply: 20},
  "killed-with-unread": {request: 100, reply: 0},
};

// Enough of a document for a drawing whose words are read.
class Element {
  constructor(name) { this.name = name; this.children = []; }
  setAttribute() {}
  append(...children) { this.children.push(...children); }
}
globalThis.document = {createElementNS: (_, name) => new Element(name)};
const {drawConnection} = await import(diagram);
const rowsOf = events => drawConnection(events).children.find(child => child.name === "desc").textContent.split("\n");

const once = words => words.filter((word, i) => word !== words[i - 1]);
const until = async (what, check) => {
  for (const end = Date.now() + 60000; !check(); await new Promise(resolve => setTimeout(resolve, 20)))
    assert.ok(Date.now() < end, what + " did not come");
};
const listening = server => new Promise(resolve => server.listen(0, "127.0.0.1", () => resolve(server.address().port)));

// --- The servers of the recipes ---------------------------------------------------------------------------------

function serve({request, reply, ends, closes}) {
  return net.createServer({allowHalfOpen: true}, socket => {
    let got = 0;
    const answer = () => { if (reply > 0) socket.write(Buffer.alloc(reply)); if (closes) socket.end(); };
    if (request === 0) answer();
    socket.on("data", data => {
      got += data.length;
      if (got === request && !ends) answer();
    }).on("end", () => { if (ends) answer(); socket.end(); }).on("error", () => {});
  });
}

const serverPorts = {};
for (const name in RECIPES) serverPorts[name] = await listening(serve(RECIPES[name]));
writeFileSync(folder + "/servers.new", Object.entries(serverPorts).map(entry => entry.join(" ") + "\n").join(""));
renameSync(folder + "/servers.new", folder + "/servers");
await until("the proxies", () => existsSync(folder + "/ready"));
const proxies = readFileSync(folder + "/ready", "utf8").trim().split("\n").map(line => line.split(" "))
  .map(([name, address]) => ({name, port: Number(address.split(":").pop())}));

// --- The capture ------------------------------------------------------------------------------------------------

const probe = net.createServer(socket => socket.destroy());
await listening(probe);
const ports = [...proxies.map(proxy => proxy.port), ...Object.values(serverPorts), probe.address().port];
const FIELDS = ["tcp.srcport", "tcp.dstport", "tcp.len", "tcp.flags.fin", "tcp.flags.reset"].flatMap(f => ["-e", f]);
const filter = "tcp and (" + ports.map(port => "port " + port).join(" or ") + ")";
const tshark = spawn("tshark", ["-l", "-n", "-i", "lo", "-f", filter, "-T", "fields", ...FIELDS],
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

// The words of tshark's lines about the connections to a port; `client`: only those of this port of the other end, since
// the kernel may give one port to connections to different addresses.
function segmentsOf(text, port, client) {
  const is = flag => flag === "1" || flag === "True";
  const ours = (peer, end) => end === String(port) && (client === undefined || peer === client);
  return once(text.trim().split("\n").map(line => line.split("\t")).flatMap(([from, to, length, fin, rst]) => {
    const sign = ours(from, to) ? ">" : ours(to, from) ? "<" : "";
    if (sign === "") return [];
    return [length !== "0" && "data", is(fin) && "FIN", is(rst) && "RST"].filter(Boolean).map(word => sign + word);
  }));
}

// --- The clients ------------------------------------------------------------------------------------------------

async function runClient({name, port}) {
  const recipe = RECIPES[name], socket = net.connect({port, host: "127.0.0.1", allowHalfOpen: true});
  const request = recipe === undefined ? REQUEST : Buffer.alloc(recipe.request);
  let got = 0;
  socket.on("connect", () => {
    if (name === "hold_fin" || recipe?.ends) socket.end(request);
    else if (!SILENT.includes(name) && request.length > 0) socket.write(request);
  });
  socket.on("data", data => {
    got += data.length;
    if (recipe?.again && got === recipe.reply) socket.write(request);
  });
  socket.on("end", () => socket.end(recipe?.afterwards ? request : undefined)).on("error", () => {}).resume();
  await new Promise(resolve => socket.on("close", resolve));
}

// --- The diagram ------------------------------------------------------------------------------------------------

// What the diagram has between rudeproxy and a side.
function wordsOf(events, side) {
  const words = [];
  for (const row of rowsOf(events)) {
    for (const [, label, from, to] of row.replace(/^[\d.]+ m?s: /, "").matchAll(/(.*?) from (\w+) to (\w+)(?:, |$)/g)) {
      if (!/connects|nothing/.test(label) && (from === side || to === side))
        words.push((from === "client" || to === "server" ? ">" : "<") + (/FIN|RST/.exec(label) || [kindOf(row)])[0]);
    }
  }
  return once(words);
}

// Of "the same": the kind of the row's first arrow.
const kindOf = row => (/(FIN|RST) from/.exec(row) || [0, "data"])[1];

// Whether a capture is of what was drawn. Three things may differ. A peer's FIN, and its bytes behind our FIN, may have
// arrived before rudeproxy read them: they are drawn later. Such bytes may have arrived with those before. And the capture
// may have more at the end: what the peer sent to a socket that rudeproxy had closed, and the kernel's RST in answer.
function agrees(drawn, segments, theirs, ours) {
  const words = [...drawn], isLate = k => words[k] === theirs + "FIN" ||
    (words[k] === theirs + "data" && words.slice(0, k).includes(ours + "FIN"));
  let at = 0;
  for (const segment of segments) {
    while (at < words.length && words[at] !== segment && isLate(at) && words[at] === theirs + "data") words.splice(at, 1);
    const found = words.indexOf(segment, at);
    if (at === words.length ? segment[0] !== theirs && segment !== ours + "RST" : found > at && !isLate(found) || found < 0)
      return false;
    if (found > at) words.splice(found, 1);
    else if (at < words.length) at++;
  }
  return words.slice(at).every((word, i) => isLate(at + i) && word === theirs + "data");
}

function compare(what, drawn, segments, side) {
  const [theirs, ours] = side === "client" ? [">", "<"] : ["<", ">"];
  assert.ok(agrees(drawn, segments, theirs, ours), `${what}: drawn ${drawn.join(" ")}, captured ${segments.join(" ")}`);
}

await catchUp();
for (const proxy of proxies) await runClient(proxy);
const events = () => readFileSync(log, "utf8").split("\n").slice(0, -1).map(line => JSON.parse(line));
const ends = () => events().filter(event => event.event === "closed");
await until("the end of each connection", () => ends().length === proxies.length);
await catchUp();
probe.close();
const view = (...args) => execFileSync(rudeproxy, ["view", ...args], {encoding: "utf8"});
const packets = (file, ...only) => {
  writeFileSync(file, execFileSync(rudeproxy, ["view", "--pcapng", log, ...only]));
  return execFileSync("tshark", ["-n", "-r", file, "-T", "fields", ...FIELDS], {encoding: "utf8", stdio: "pipe"});
};
const all = packets(folder + "/all.pcapng");
for (const {name, port} of proxies) {
  const own = events().filter(event => event.proxy === name && event.connection !== undefined);
  const clientPort = own.at(-1).client.address.split(":").pop(), drawn = wordsOf(own, "client");
  compare(name + ": the client's side", drawn, segmentsOf(captured, port, clientPort), "client");
  assert.equal(segmentsOf(all, port, clientPort).join(" "), drawn.join(" "), name + ": packets of the client's side");
  console.log("passed: " + name + ", client: " + drawn.join(" "));
  if (RECIPES[name] === undefined) continue;
  const served = wordsOf(own, "server"), serverPort = serverPorts[name];
  compare(name + ": the server's side", served, segmentsOf(captured, serverPort), "server");
  assert.equal(segmentsOf(all, serverPort).join(" "), served.join(" "), name + ": packets of the server's side");
  console.log("passed: " + name + ", server: " + served.join(" "));
}

// --- In characters ----------------------------------------------------------------------------------------------

// The words of a picture in characters: "1>data" is an arrow to the right, in the half of the client; "!" is a fault.
function wordsOfPicture(text) {
  const words = [];
  for (const line of text.split("\n").slice(3)) {
    const halves = [line.slice(16, 45), line.slice(46, 75)];
    if (/^ *the client +the server/.test(line)) break;
    if (line.includes("***")) words.push("!");
    halves.forEach((half, i) => {
      const found = /(^<|^X(?=-)|>$|X$)|X(?=-)|-X/.exec(half.trim());
      if (found === null || line.includes("***")) return;
      const right = half.includes(">") || /-X/.test(half);
      words.push((i + 1) + (right ? ">" : "<") + (half.includes("=") ? /FIN|RST/.exec(half)[0] : "data"));
    });
  }
  return once(words).join(" ");
}

// The same words of the diagram's rows.
function wordsOfRows(rows) {
  const words = [];
  for (const row of rows) {
    const arrows = [...row.replace(/^[\d.]+ m?s: /, "").matchAll(/(.*?) from (\w+) to (\w+)(?:, |$)/g)];
    const halves = ["", ""];
    for (const [, label, from, to] of arrows) {
      const i = from === "client" || to === "client" ? 0 : 1;
      halves[i] = (i + 1) + (from === "client" || to === "server" ? ">" : "<") + (/FIN|RST/.exec(label) || [kindOf(row)])[0];
    }
    words.push(...(arrows.length > 0 ? halves.filter(half => half !== "") : /: \w+ at byte|is over|dialled$/.test(row) ? ["!"] : []));
  }
  return once(words).join(" ");
}

for (const {name} of proxies) {
  const own = events().filter(event => event.proxy === name && event.connection !== undefined);
  const picture = view("--text", log, name);
  assert.equal(wordsOfPicture(picture), wordsOfRows(rowsOf(own)), name + ": view --text draws\n" + picture);
}
process.exit();
