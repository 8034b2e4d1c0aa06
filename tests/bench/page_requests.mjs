// SPDX-License-Identifier: MIT
//
// node tests/bench/page_requests.mjs API PROXY PORT CONNECTIONS
//
// Holds connections through a proxy that runs (upstream builtin:echo), makes 100 events a second with short ones, and asks
// the API what the page asks: the event stream, and once a second the proxies, their faults and twenty connections.
// A line "on" or "off" on stdin begins or ends the asking; the same line on stdout says that it is so, and how many
// answers there were.

import http from "node:http";
import net from "node:net";
import {createInterface} from "node:readline";

const [api, proxy, port, connections] = process.argv.slice(2);
let answered = 0;
const agent = new http.Agent({keepAlive: true, maxSockets: 6}); // as many as a browser has to one server

const connect = () => new Promise((resolve, reject) => {
  const socket = net.connect(Number(port), "127.0.0.1", () => resolve(socket));
  socket.on("error", reject).resume();
});

const held = [];
while (held.length < Number(connections))
  held.push(...await Promise.all(Array.from({length: Math.min(100, connections - held.length)}, connect)));
setInterval(() => connect().then(socket => socket.end("x"), () => {}), 40); // four events each

function get(path) {
  return new Promise((resolve, reject) => http.get(api + path, {agent}, answer => {
    let text = "";
    answer.setEncoding("utf8").on("data", data => { text += data; });
    answer.on("end", () => {
      answered++;
      if (answer.statusCode === 200) resolve(JSON.parse(text));
      else reject(new Error(path + ": " + text));
    });
  }).on("error", reject));
}

const numbers = (await get(`/v1/proxies/${proxy}/connections?limit=20`)).connections.map(({number}) => number);
let stream = null;
answered = 0;

async function ask() {
  if (stream === null) return;
  for (const {name} of (await get("/v1/proxies")).proxies) await get(`/v1/proxies/${name}/faults`);
  await Promise.all(numbers.map(number => get(`/v1/proxies/${proxy}/connections/${number}`)));
}

setInterval(ask, 1000);
for await (const line of createInterface({input: process.stdin})) {
  if (stream !== null) stream.destroy();
  stream = line === "on" ? http.get(api + "/v1/events", answer => answer.resume()).on("error", () => {}) : null;
  await ask();
  console.log(line + " " + answered);
}
process.exit();
