// SPDX-License-Identifier: MIT
//
// node tests/bench/page.mjs PUPPETEER-FOLDER CHROMIUM API PROXY-PORT [CONNECTIONS] [SECONDS]
//
// How fluid the page is: opens many connections through a proxy that runs (upstream builtin:echo), makes 100 events a
// second with short ones, scrolls the list in Chromium, and prints how long its frames took, and how much CPU the page's
// thread used, which does not depend on what else the machine does.

import net from "node:net";

const [folder, chromium, api, port, connections = "5000", seconds = "15"] = process.argv.slice(2);
if (port === undefined) {
  console.error("usage: node tests/bench/page.mjs PUPPETEER-FOLDER CHROMIUM API PROXY-PORT [CONNECTIONS] [SECONDS]");
  process.exit(2);
}
const {default: puppeteer} = await import(folder + "/lib/esm/puppeteer/puppeteer-core.js");

const connect = () => new Promise((resolve, reject) => {
  const socket = net.connect(Number(port), "127.0.0.1", () => resolve(socket));
  socket.on("error", reject).resume();
});

const held = [];
while (held.length < Number(connections))
  held.push(...await Promise.all(Array.from({length: Math.min(200, connections - held.length)}, connect)));

const browser = await puppeteer.launch({executablePath: chromium, args: ["--no-sandbox", "--disable-gpu"]});
const page = await browser.newPage();
const devtools = await page.createCDPSession();
await devtools.send("Performance.enable", {timeDomain: "threadTicks"});
const cpuMs = async () =>
  1000 * (await devtools.send("Performance.getMetrics")).metrics.find(({name}) => name === "TaskDuration").value;
page.setDefaultTimeout(120000);
await page.setViewport({width: 1280, height: 900});
const begun = Date.now();
await page.goto(api + "/ui/");
await page.waitForFunction(most => Number(document.getElementById("count").textContent.replace(/\D/g, "")) >= most,
  {}, held.length);
console.log(`${held.length} connections in the list after ${Date.now() - begun} ms`);

// Four events each: open, two FINs, closed.
const churn = setInterval(() => connect().then(socket => socket.end("x"), () => {}), 40);
const cpuBefore = await cpuMs();
const frames = await page.evaluate(async duration => {
  const list = document.getElementById("connections"), taken = [];
  let last = performance.now(), step = 37;
  const end = last + duration * 1000;
  await new Promise(resolve => {
    const onFrame = now => {
      taken.push(now - last);
      last = now;
      list.scrollTop += step;
      if (list.scrollTop <= 0 || list.scrollTop > 100000) step = -step;
      if (now < end) requestAnimationFrame(onFrame);
      else resolve();
    };
    requestAnimationFrame(onFrame);
  });
  return taken.sort((a, b) => a - b);
}, Number(seconds));
const cpu = await cpuMs() - cpuBefore;
clearInterval(churn);
const at = part => frames[Math.min(frames.length - 1, Math.floor(frames.length * part))].toFixed(1);
console.log(`${frames.length} frames, ms: median ${at(0.5)}, 99th percentile ${at(0.99)}, longest ${at(1)}`);
console.log(`CPU of the page's thread: ${(cpu / frames.length).toFixed(1)} ms a frame, ${(cpu / seconds / 10).toFixed(0)} %`);
await browser.close();
held.forEach(socket => socket.destroy());
