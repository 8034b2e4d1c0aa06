// SPDX-License-Identifier: MIT
//
// Starts rudeproxy for a test and drives it by its API. One file without dependencies: copy it into your tests.
//
//   const rude = await Rudeproxy.start();
//   const address = await rude.addProxy("db", "127.0.0.1:5432");
//   await rude.addFault("db", { type: "reset", when: "bytes:1k", name: "cut" });
//   ...
//   assert.equal(await rude.fired("cut"), 1);
//   await rude.stop();
//
// The process ends with the one that started it, however that ends. Node 18 or newer.
"use strict";
const { spawn } = require("child_process");
const http = require("http");
const readline = require("readline");

class Rudeproxy {
  // program: default RUDEPROXY of the environment, or `rudeproxy` on the PATH. config: an INI file.
  static async start({ program, config, args = [] } = {}) {
    const words = ["serve", "-host", "127.0.0.1", "-port", "0", "--die-with-parent", "--quiet", "--log", "none"];
    words.push("--ready-fd", "1", "--ready-format", "json", ...args);
    const env = Object.fromEntries(Object.entries(process.env).filter(([key]) => !key.startsWith("RUDEPROXY_")));
    if (config !== undefined) env.RUDEPROXY_CONFIG = config;
    const child = spawn(program || process.env.RUDEPROXY || "rudeproxy", words, {
      stdio: ["ignore", "pipe", "inherit"],
      env,
    });
    const ended = new Promise((resolve) => child.on("exit", (code, signal) => resolve(signal || code)));
    const line = await new Promise((resolve, reject) => {
      child.on("error", reject);
      readline.createInterface({ input: child.stdout }).once("line", resolve);
      ended.then((status) => reject(new Error(`rudeproxy ended with ${status}: see its stderr`)));
    });
    return new Rudeproxy(child, ended, JSON.parse(line));
  }

  constructor(child, ended, ready) {
    this.child = child;
    this.ended = ended;
    this.agent = new http.Agent();
    this.api = `http://${ready.admin.address}`;
    this.addresses = Object.fromEntries(Object.entries(ready.proxies).map(([name, proxy]) => [name, proxy.address]));
  }

  // Stops it. Open connections are reset after half a second. The promise is its exit status. May be called twice.
  stop() {
    this.child.kill("SIGTERM");
    const again = setInterval(() => this.child.kill("SIGTERM"), 500); // ends the wait for open connections
    const timer = setTimeout(() => this.child.kill("SIGKILL"), 10000);
    return this.ended.finally(() => {
      clearInterval(again);
      clearTimeout(timer);
    });
  }

  // Not with fetch(), and with an agent of its own: those of the process may use the HTTP_PROXY of the environment.
  async text(method, path, body) {
    const answer = await new Promise((resolve, reject) => {
      const headers = { "Content-Type": "application/json" };
      const request = http.request(this.api + path, { method, headers, agent: this.agent }, resolve);
      request.on("error", reject);
      request.end(body === undefined ? undefined : JSON.stringify(body));
    });
    let text = "";
    for await (const piece of answer.setEncoding("utf8")) text += piece;
    if (answer.statusCode >= 300) throw new Error(JSON.parse(text).error);
    return text;
  }

  // One call of the API: its answer as a value of JSON, undefined if it has none.
  async call(method, path, body) {
    const text = await this.text(method, path, body);
    return text === "" ? undefined : JSON.parse(text);
  }

  // A proxy on a free port; its address, "127.0.0.1:PORT". keys as in a [proxy] section.
  async addProxy(name, upstream, keys = {}) {
    const proxy = await this.call("POST", "/v1/proxies", { name, upstream, listen: "127.0.0.1:0", ...keys });
    return (this.addresses[name] = proxy.listen);
  }

  // Where the proxy `name` listens.
  address(name) {
    return this.addresses[name];
  }

  // A fault with the keys of a [fault] section, for open connections too. Its name.
  async addFault(proxy, keys) {
    return (await this.call("POST", `/v1/proxies/${encodeURIComponent(proxy)}/faults`, keys)).name;
  }

  async removeFault(proxy, name) {
    await this.call("DELETE", `/v1/proxies/${encodeURIComponent(proxy)}/faults/${encodeURIComponent(name)}`);
  }

  // In how many connections the fault has fired, over all proxies that have one of this name.
  async fired(name) {
    let count = 0, ofFile = 0; // a fault of the file has one count, which each of its proxies has
    for (const proxy of (await this.call("GET", "/v1/proxies")).proxies) {
      const { faults } = await this.call("GET", `/v1/proxies/${encodeURIComponent(proxy.name)}/faults`);
      for (const fault of faults.filter((fault) => fault.name === name)) {
        if (fault.origin === "file") ofFile = fault.fired;
        else count += fault.fired;
      }
    }
    return count + ofFile;
  }

  // The last events, oldest first.
  async events() {
    const lines = (await this.text("GET", "/v1/events?follow=no")).split("\n");
    return lines.filter((line) => line.startsWith("data: ")).map((line) => JSON.parse(line.slice(6)));
  }

  // What the run has come to so far.
  report() {
    return this.call("GET", "/v1/report");
  }
}

module.exports = { Rudeproxy };
