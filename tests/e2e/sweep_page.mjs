// SPDX-License-Identifier: MIT
//
// node sweep_page.mjs PUPPETEER CHROMIUM URL FOLDER: what a reader does with the page of a sweep. FOLDER gets
// screenshots.

import assert from "node:assert/strict";

const [folder, chromium, url, pictures] = process.argv.slice(2);
const {default: puppeteer} = await import(folder + "/lib/esm/puppeteer/puppeteer-core.js");
const browser = await puppeteer.launch({executablePath: chromium, args: ["--no-sandbox", "--disable-gpu"]});
const complaints = [];

const detailOf = page => page.$eval("#detail", detail => detail.hidden ? "" : detail.textContent);

// The page at this width: nothing sticks out, every place is a button with a name.
async function open(width, scheme) {
  const page = await browser.newPage();
  page.on("pageerror", error => complaints.push(error.message));
  page.on("request", request => { if (!request.url().startsWith("file:")) complaints.push(request.url()); });
  await page.setViewport({width, height: 800});
  await page.emulateMediaFeatures([{name: "prefers-color-scheme", value: scheme}]);
  await page.goto(url);
  const seen = await page.evaluate(() => ({
    buttons: document.querySelectorAll(".cells button").length,
    named: document.querySelectorAll(".cells button[aria-label]").length,
    results: JSON.parse(document.getElementById("data").textContent).results.length,
    overflow: document.documentElement.scrollWidth - window.innerWidth,
    pwned: window.pwned === undefined ? null : window.pwned,
  }));
  assert.equal(seen.buttons, seen.results);
  assert.equal(seen.named, seen.results);
  assert.ok(seen.overflow <= 0, `at ${width} px the page is ${seen.overflow} px too wide`);
  assert.equal(seen.pwned, null);
  return page;
}

const page = await open(1200, "light");
assert.equal(await detailOf(page), "");
await page.click(".cells button.bad");
const bad = await detailOf(page);
for (const text of ["Repeat it", "--only", "What the command printed", "<script>window.pwned=1</script>"])
  assert.ok(bad.includes(text), `no "${text}" in: ${bad}`);
assert.equal(await page.$eval("[aria-pressed=true]", button => button.className), "bad");

// By keyboard alone: the arrow moves, Enter chooses.
await page.focus(".cells button");
await page.keyboard.press("ArrowRight");
const label = await page.evaluate(() => document.activeElement.getAttribute("aria-label"));
await page.keyboard.press("Enter");
const chosen = await page.$eval("[aria-pressed=true]", button => button.getAttribute("aria-label"));
assert.equal(chosen, label);
assert.notEqual(await detailOf(page), bad);
await page.screenshot({path: pictures + "/sweep.png", fullPage: true});

const phone = await open(360, "dark");
await phone.click(".cells button.bad");
await phone.screenshot({path: pictures + "/sweep-phone.png", fullPage: true});
assert.deepEqual(complaints, []);
await browser.close();
console.log("the page of a sweep works");
