// SPDX-License-Identifier: MIT
//
// node api_page_browser.mjs PUPPETEER CHROMIUM API API-WITH-TOKEN: what a user does on the page, and what pages of
// others may not. Each step waits for what it expects; the first that fails ends the test.

import assert from "node:assert/strict";
import http from "node:http";
import net from "node:net";

const [folder, chromium, api, guarded] = process.argv.slice(2);
const TOKEN = "sesame-open-7";
const HOSTILE = "<img src=x onerror=window.pwned=1><script>window.pwned=2</script>";
const {default: puppeteer} = await import(folder + "/lib/esm/puppeteer/puppeteer-core.js");

const json = async (method, path, body) => {
  const answer = await fetch(api + path, {method, body: body && JSON.stringify(body)});
  const text = await answer.text();
  assert.ok(answer.ok, method + " " + path + ": " + text);
  return text === "" ? null : JSON.parse(text);
};

const browser = await puppeteer.launch({executablePath: chromium, args: ["--no-sandbox", "--disable-gpu"]});
const complaints = []; // what the browser's console says: violations of the policy, too

async function openPage(url) {
  const page = await browser.newPage();
  page.setDefaultTimeout(60000);
  page.on("pageerror", error => complaints.push(error.message));
  page.on("console", message => {
    // A status of 400 or 401 that the page shows to its user is in the console, too.
    if (message.type() === "error" && !/status of 40[014]/.test(message.text())) complaints.push(message.text());
  });
  await page.goto(url);
  return page;
}

async function until(what, check) {
  for (const end = Date.now() + 60000; !await check(); await new Promise(resolve => setTimeout(resolve, 50)))
    assert.ok(Date.now() < end, what + " did not come");
}

// Waits for a text within what a selector finds.
async function waitForText(page, selector, text) {
  try {
    await page.waitForFunction((s, t) => [...document.querySelectorAll(s)].some(e => e.textContent.includes(t)),
      {}, selector, text);
  } catch {
    const there = await page.$$eval(selector, all => all.map(e => e.textContent));
    assert.fail(`no ${selector} with "${text}", only ${JSON.stringify(there)}`);
  }
}

async function press(page, selector, text) {
  await waitForText(page, selector, text);
  await page.evaluate((s, t) => [...document.querySelectorAll(s)].find(e => e.textContent.includes(t)).click(),
    selector, text);
}

// Types into a field of the dialog, in place of what it has.
async function fill(page, key, text) {
  const selector = `dialog [name="${key}"]`;
  await page.waitForSelector(selector);
  await page.$eval(selector, element => { element.focus(); element.value = ""; });
  await page.type(selector, text);
}

const addressOf = async name => {
  const {listen} = await json("GET", "/v1/proxies/" + encodeURIComponent(name));
  return {host: "127.0.0.1", port: Number(listen.split(":").pop())};
};

// Chooses the newest connection by the keyboard, and returns its diagram in words.
async function chooseNewest(page) {
  await page.focus("#connections");
  await page.keyboard.press("Home");
  await page.waitForSelector("#detail svg desc");
}

const words = page => page.$eval("#detail svg", drawing => drawing.textContent);

async function waitForWords(page, text) {
  await waitForText(page, "#detail svg", text);
  return words(page);
}

// --- Diagrams: events, and the rows in words -----------------------------------------------------------------------

const side = (ended, bytes_in, bytes_out, more = {}) =>
  ({address: "127.0.0.1:1", ended, bytes_in, bytes_out, unread: 0, unacked: 0, errno: null, ...more});

const DIAGRAMS = [
  [ // a RST at a byte, with the rest left unread
    [{event: "open", client: "127.0.0.1:1", server: "127.0.0.1:2"},
      {event: "message", direction: "upstream", number: 1, offset: 0, size: 60, kind: "GET", line: "GET / HTTP/1.1"},
      {event: "fault", fault: "cut", type: "reset", direction: "downstream", offset: 100, message: 1, kind: "200"},
      {event: "closed", cause: "fault", cause_fault: "cut", duration_us: 3000, faults: ["cut"],
        client: side(["rst_sent"], 60, 100), server: side(["rst_sent"], 100, 60, {unread: 1})}],
    ["0.00 ms: connects from client to rudeproxy, connects from rudeproxy to server",
      "1.00 ms: GET / HTTP/1.1 · 60 bytes from client to rudeproxy, the same from rudeproxy to server",
      "100 bytes from server to rudeproxy, the same from rudeproxy to client",
      "2.00 ms: cut: reset at byte 100 from the server, message 1 (200)",
      "1 byte left unread from server to rudeproxy",
      "RST from rudeproxy to client, RST from rudeproxy to server",
      "3.00 ms: ended by the fault cut"]],
  [ // a FIN that is held back, and comes when the fault is over
    [{event: "open", client: "127.0.0.1:1", server: "127.0.0.1:2"},
      {event: "fault", fault: "hold_fin", type: "hold_fin", direction: "upstream", offset: 0},
      {event: "eof", side: "client", offset: 6},
      {event: "fault_over", fault: "hold_fin", type: "hold_fin", direction: "upstream", offset: 6},
      {event: "eof", side: "server", offset: 0},
      {event: "closed", cause: "client_fin", duration_us: 5000, faults: ["hold_fin"],
        client: side(["fin_received", "fin_sent"], 6, 0), server: side(["fin_sent", "fin_received"], 0, 6)}],
    ["0.00 ms: connects from client to rudeproxy, connects from rudeproxy to server",
      "1.00 ms: hold_fin at byte 0 from the client",
      "6 bytes from client to rudeproxy, the same from rudeproxy to server",
      "2.00 ms: FIN from client to rudeproxy",
      "FIN held back",
      "3.00 ms: hold_fin is over at byte 6 from the client",
      "FIN from rudeproxy to server",
      "4.00 ms: FIN from server to rudeproxy, FIN from rudeproxy to client",
      "5.00 ms: the client's FIN came first"]],
  [ // bytes that a blackhole drops, then a RST of the client
    [{event: "open", client: "127.0.0.1:1", server: "127.0.0.1:2"},
      {event: "fault", fault: "hole", type: "blackhole", direction: "downstream", offset: 10},
      {event: "reset_seen", side: "client", offset: 4, errno: "ECONNRESET"},
      {event: "closed", cause: "client_rst", duration_us: 3000, faults: ["hole"],
        client: side(["rst_received"], 4, 10), server: side(["rst_sent"], 30, 4)}],
    ["0.00 ms: connects from client to rudeproxy, connects from rudeproxy to server",
      "10 bytes from server to rudeproxy, the same from rudeproxy to client",
      "1.00 ms: hole: blackhole at byte 10 from the server",
      "4 bytes from client to rudeproxy, the same from rudeproxy to server",
      "20 bytes from server to rudeproxy, nothing from rudeproxy to client",
      "20 bytes from the server not forwarded",
      "2.00 ms: RST from client to rudeproxy, RST from rudeproxy to server",
      "3.00 ms: the client's RST came first"]],
];

// --- What a user does -------------------------------------------------------------------------------------------

const steps = {
  async a_proxy_is_created_by_the_keyboard(page) {
    await page.waitForSelector("#main:not([hidden])");
    await page.focus("#new-proxy");
    await page.keyboard.press("Enter");
    await page.waitForSelector("dialog[open]");
    await page.keyboard.type("web"); // the first field has the focus
    await fill(page, "upstream", "nonsense:1:2");
    await page.keyboard.press("Enter");
    await waitForText(page, "dialog .field:has([name=upstream]) .error", "more than one colon");
    await fill(page, "upstream", "builtin:http");
    await fill(page, "protocol", "http");
    await page.keyboard.press("Enter");
    await waitForText(page, ".proxy h3", "web");
    await page.waitForSelector("dialog", {hidden: true});
    assert.equal((await json("GET", "/v1/proxies/web")).protocol, "http");
  },

  async a_fault_is_added_by_its_form(page) {
    await press(page, ".proxy summary", "No faults");
    await press(page, ".proxy .switch", "log messages");
    await until("log_messages", async () => (await json("GET", "/v1/proxies/web")).log_messages);
    await press(page, ".proxy button", "Add a fault");
    await fill(page, "name", "cut");
    await fill(page, "when", "bites:100");
    await press(page, "dialog button", "Add the fault");
    await waitForText(page, "dialog .field:has([name=when]) .error", "did you mean 'bytes'");
    await fill(page, "when", "bytes:100");
    await press(page, "dialog button", "Add the fault");
    await waitForText(page, ".fault .words", "reset, at bytes:100, downstream");
    assert.equal((await json("GET", "/v1/proxies/web/faults/cut")).when, "bytes:100");
  },

  async the_diagram_shows_where_a_fault_ended_a_connection(page) {
    const address = await addressOf("web");
    const error = await new Promise(resolve => http.get({...address, path: "/bytes/5000"}, answer =>
      answer.on("error", resolve).on("end", () => resolve(null)).resume()).on("error", resolve));
    assert.equal(error && error.code, "ECONNRESET");
    await waitForText(page, ".row .chip", "fault cut");
    await chooseNewest(page);
    const text = await waitForWords(page, "saw “connection reset”");
    const parts = ["GET /bytes/5000 HTTP/1.1", "cut: reset", "byte 100 from the server", "RST", "received 100 bytes"];
    for (const part of parts)
      assert.ok(text.includes(part), "no " + part + " in: " + text);
  },

  async a_switch_disables_the_fault(page) {
    await press(page, ".fault .switch", "cut");
    await until("the fault disabled", async () => !(await json("GET", "/v1/proxies/web/faults/cut")).enabled);
    await page.waitForFunction(() => !document.querySelector(".fault .switch input").checked);
  },

  async a_form_keeps_what_is_not_changed(page) {
    const path = "/v1/proxies/web/faults", change = '[aria-label="Change fault hold_fin"]';
    await json("POST", path, {type: "hold_fin", direction: "downstream", connections: "1000"});
    await page.waitForSelector(change);
    await press(page, change, "Change");
    await waitForText(page, "dialog [name=direction] option", "both (default)");
    await fill(page, "for", "1s");
    await press(page, "dialog button", "Save");
    await page.waitForSelector("dialog", {hidden: true});
    const fault = await json("GET", path + "/hold_fin");
    assert.deepEqual([fault.direction, fault.for], ["downstream", "1s"]);
    await json("DELETE", path + "/hold_fin");
  },

  async an_open_connection_is_ended_by_a_button(page) {
    const socket = net.connect(await addressOf("web"));
    const ended = new Promise(resolve => socket.on("error", resolve).on("close", () => resolve(null)));
    await waitForText(page, ".row .chip", "open");
    await chooseNewest(page);
    await waitForWords(page, "still open");
    await press(page, ".endings button", "reset");
    const error = await ended;
    assert.equal(error && error.code, "ECONNRESET");
    await waitForWords(page, "ended by the fault");
    await page.waitForFunction(() => document.querySelector(".endings").hidden);
  },

  async an_older_connection_with_the_number_of_a_newer_one_has_no_buttons(page) {
    await json("POST", "/v1/proxies", {name: "twice", listen: "127.0.0.1:0", upstream: "builtin:echo"});
    const connect = async () => net.connect(await addressOf("twice")).on("error", () => {});
    const older = await connect();
    await waitForText(page, ".row .name", "twice #1");
    await chooseNewest(page);
    await page.waitForSelector(".endings:not([hidden])");
    await json("POST", "/v1/reset-counts");
    const newer = await connect();
    await waitForText(page, "#detail .facts", "A newer connection has its number");
    await page.waitForSelector(".endings[hidden]");
    newer.destroy();
    await page.waitForSelector(".endings:not([hidden])"); // the number is its own again
    older.destroy();
    await json("DELETE", "/v1/proxies/twice");
  },

  async filters_show_some(page) {
    await json("POST", "/v1/proxies", {name: "other", listen: "127.0.0.1:0", upstream: "builtin:echo"});
    const socket = net.connect(await addressOf("other"));
    await waitForText(page, ".row .name", "other #1");
    await page.select("#filter-state", "past");
    await page.waitForFunction(() =>
      ![...document.querySelectorAll(".row:not([hidden]) .name")].some(e => e.textContent.includes("other")));
    await page.select("#filter-state", "");
    await page.waitForSelector("#filter-proxy option[value=other]");
    await page.select("#filter-proxy", "other");
    await page.waitForFunction(() => document.querySelectorAll(".row:not([hidden])").length === 1);
    await page.select("#filter-proxy", "");
    socket.destroy();
  },

  async every_name_is_itself(page) {
    await json("POST", "/v1/proxies", {name: "constructor", listen: "127.0.0.1:0", upstream: "builtin:echo"});
    await page.waitForSelector("#filter-proxy option[value=constructor]");
    assert.equal(await page.$eval("#filter-proxy option[value=constructor]", option => option.textContent),
      "constructor");
    await json("DELETE", "/v1/proxies/constructor");
  },

  async rates_have_no_limit(page) {
    const rates = await page.evaluate(async () => {
      const {rateText} = await import("/ui/proxies.js");
      return [rateText(5, 2), rateText(-7, 1), rateText(2 ** 31, 1), rateText(2 ** 33, 1)];
    });
    assert.deepEqual(rates, ["2 B/s", "0 B/s", "2.1 GB/s", "8.6 GB/s"]);
  },

  async an_error_stays_until_the_next_action(page) {
    const faults = () => page.waitForResponse(answer => answer.url().endsWith("/v1/proxies/web/faults"));
    await page.evaluate(() => {
      window.asked = window.fetch;
      window.fetch = (target, options) => options.method !== "PATCH" ? window.asked(target, options) :
        Promise.resolve(new Response('{"error":"no such luck"}', {status: 500}));
    });
    await press(page, ".fault .switch", "cut");
    await waitForText(page, "#problem", "no such luck");
    for (let i = 0; i < 3; i++) await faults(); // of the list that is open
    await waitForText(page, "#problem:not([hidden])", "no such luck");
    await page.evaluate(() => { window.fetch = window.asked; });
    await press(page, ".fault .switch", "cut");
    await page.waitForSelector("#problem[hidden]");
  },

  async what_others_sent_is_never_markup(page) {
    await json("POST", "/v1/proxies",
      {name: HOSTILE, listen: "127.0.0.1:0", upstream: "builtin:http", protocol: "http", capture: "256"});
    const {host, port} = await addressOf(HOSTILE);
    const socket = net.connect({host, port});
    socket.on("error", () => {}).resume();
    const path = "/" + HOSTILE.replaceAll(" ", "%20");
    socket.write("GET " + path + " HTTP/1.1\r\nHost: " + HOSTILE + "\r\nConnection: close\r\n\r\n");
    await waitForText(page, ".proxy h3", HOSTILE);
    await waitForText(page, ".row .name", HOSTILE);
    await chooseNewest(page);
    await waitForWords(page, "onerror");
    await press(page, "#detail summary", "Log lines");
    await waitForText(page, "#detail pre", "onerror");
    await press(page, "#detail summary", "Payload");
    await waitForText(page, "#detail pre.bytes", "<img%20src"); // in a line of sixteen bytes
    assert.equal(await page.evaluate(() => window.pwned), undefined);
    assert.equal(await page.$$eval("script", all => all.length), 1);
    assert.equal(await page.$$eval("img", all => all.length), 1);
    socket.destroy();
  },

  async the_rows_of_a_diagram_are_in_order(page) {
    for (const [events, expected] of DIAGRAMS) {
      const rows = await page.evaluate(async all => {
        const {drawConnection} = await import("/ui/diagram.js");
        return drawConnection(all).querySelector("desc").textContent.split("\n");
      }, events.map((event, i) => ({time: `2026-01-01T00:00:00.00${i}000Z`, proxy: "p", connection: 1, ...event})));
      assert.deepEqual(rows, expected);
    }
  },

  async nothing_is_wider_than_a_small_screen(page) {
    for (const width of [360, 1280]) {
      await page.setViewport({width, height: 740});
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "wider than " + width);
    }
  },
};

// --- What others may not ----------------------------------------------------------------------------------------

// A page of another origin, with the token that it cannot have.
async function otherOriginsAreRefused() {
  const server = http.createServer((request, response) => {
    response.setHeader("Content-Type", "text/html");
    response.end("<!DOCTYPE html><title>another site</title>");
  });
  await new Promise(resolve => server.listen(0, "127.0.0.1", resolve));
  const token = /rudeproxy-token" content="([0-9a-f]+)"/.exec(await (await fetch(api + "/ui/")).text())[1];
  const page = await browser.newPage();
  await page.goto("http://127.0.0.1:" + server.address().port + "/");
  await json("PATCH", "/v1/proxies/web", {enabled: false});
  const got = await page.evaluate(async (target, secret) => {
    const outcome = async (path, options) => {
      try { return (await fetch(target + path, options)).type; } catch { return "refused"; }
    };
    return {
      read: await outcome("/v1/version"),
      readWithToken: await outcome("/v1/version", {headers: {"X-Rudeproxy-Page": secret}}),
      page: await outcome("/ui/"),
      simplePost: await outcome("/reset", {method: "POST", mode: "no-cors", body: "{}"}), // sent, but refused
      script: await new Promise(resolve => {
        const script = document.createElement("script");
        script.src = target + "/ui/page.js";
        script.onload = () => resolve("loaded");
        script.onerror = () => resolve("refused");
        document.head.append(script);
      }),
    };
  }, api, token);
  assert.deepEqual(got,
    {read: "refused", readWithToken: "refused", page: "refused", simplePost: "opaque", script: "refused"});
  assert.equal((await json("GET", "/v1/proxies/web")).enabled, false, "POST /reset of another origin was obeyed");
  // As a link of that page: a navigation from elsewhere.
  const answer = page.waitForResponse(response => response.url() === api + "/ui/", {timeout: 60000});
  await page.evaluate(target => { location.href = target; }, api + "/ui/");
  assert.equal((await answer).status(), 403);
  server.close();
}

async function aTokenLogsIn() {
  const page = await openPage(guarded + "/");
  await page.waitForSelector("#login:not([hidden])");
  await page.type("#token", "wrong-token-1");
  await page.keyboard.press("Enter");
  await waitForText(page, "#login-error", "not right");
  await page.type("#token", TOKEN);
  await page.keyboard.press("Enter");
  await page.waitForSelector("#main:not([hidden])");
  await waitForText(page, "#link", "live");
  await page.click("#logout");
  await page.waitForSelector("#login:not([hidden])");
}

const page = await openPage(api + "/");
assert.equal(page.url(), api + "/ui/");
for (const [name, step] of Object.entries(steps)) {
  await step(page);
  console.log("passed: " + name);
}
await otherOriginsAreRefused();
console.log("passed: other_origins_are_refused");
await aTokenLogsIn();
console.log("passed: a_token_logs_in");
assert.deepEqual(complaints, []);
await browser.close();
