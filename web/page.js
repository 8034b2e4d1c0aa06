// SPDX-License-Identifier: MIT
//
// The page as a whole: who may see it, what is asked for when, and what is drawn when something happened.

import {make, setText, setHidden, perFrame} from "./element.js";
import {call, path, follow, login, logout, needsLogin, usesLogin} from "./api.js";
import {CAUSES, Store} from "./store.js";
import {ConnectionList} from "./list.js";
import {ProxyPanel} from "./proxies.js";
import {Detail} from "./detail.js";

const POLL_MS = 1000;
const RECORDS_MAX = 20; // open connections whose numbers are asked for at once: those that can be seen
const DRAW_MS = 100;    // between two drawings of the list

const byId = id => document.getElementById(id);
const filters = ["proxy", "state", "cause", "fault"].map(name => byId("filter-" + name));
const store = new Store();
let list, panel, detail, dirty = true;
let begun = false; // events of this run of rudeproxy have come

function report(failure) {
  setText(byId("problem"), failure === null ? "" : failure.message);
  setHidden(byId("problem"), failure === null);
}

function showState(state, failure) {
  const badge = byId("link");
  badge.dataset.state = state;
  setText(badge, state === "live" ? "live" : "no connection to rudeproxy");
  if (state !== "lost" || failure.status === 0) return;
  if (failure.status === 401) askForToken("This token is not right.");
  else report({message: "rudeproxy was started again. Load this page again."});
}

// --- Drawing ----------------------------------------------------------------------------------------------------

function chosenFilter() {
  return Object.fromEntries(filters.map(select => [select.name, select.value]));
}

const draw = perFrame(() => {
  const shown = store.list(chosenFilter());
  list.show(shown);
  setText(byId("count"), shown.length === store.all.length ? shown.length.toLocaleString("en") :
    shown.length.toLocaleString("en") + " of " + store.all.length.toLocaleString("en"));
  setText(byId("missed"), store.missed > 0 ? store.missed.toLocaleString("en") + " events were missed" : "");
  detail.draw();
});

// Makes the options of a select, and keeps the chosen one.
function setOptions(select, values, labels = {}) {
  const text = values.join("\n");
  if (select.dataset.values === text) return;
  select.dataset.values = text;
  const chosen = select.value, all = select.options[0];
  const label = value => Object.hasOwn(labels, value) ? labels[value] : value;
  select.replaceChildren(all, ...values.map(value => make("option", {value}, label(value))));
  select.value = values.includes(chosen) ? chosen : "";
}

// --- Asking ----------------------------------------------------------------------------------------------------

function takeEvents(events) {
  for (const event of events) store.note(event);
  const isFirst = !begun && events[0].id > 1;
  begun = true;
  if (isFirst || events.some(event => event.kind === "gap")) askForOpen();
  dirty = true;
}

function beginRun() {
  store.clear();
  begun = false;
  dirty = true;
}

// Asks for all open connections, where events were missed or are not kept any more.
async function askForOpen() {
  const before = store.openOnes();
  try {
    store.noteOpen((await call("GET", "/v1/connections")).connections, before);
  } catch {
    // The stream says that rudeproxy is gone, and begins again.
  }
  dirty = true;
}

async function askForRecords() {
  const open = list.visible().filter(connection => store.hasPath(connection)).slice(0, RECORDS_MAX);
  await Promise.all(open.map(async connection => {
    try {
      store.noteRecord(await call("GET", path("proxies", connection.proxy, "connections", connection.number)));
    } catch (failure) {
      if (failure.status !== 404) throw failure; // it has ended: the event comes
    }
  }));
  dirty = true;
}

async function poll() {
  for (;;) {
    if (!document.hidden) {
      try {
        await panel.refresh();
        await askForRecords();
        await detail.refresh();
      } catch {
        // The stream says that rudeproxy is gone.
      }
    }
    await new Promise(resolve => setTimeout(resolve, POLL_MS));
  }
}

// --- Beginning --------------------------------------------------------------------------------------------------

function askForToken(text) {
  logout();
  setText(byId("link"), "not logged in");
  setHidden(byId("main"), true);
  setHidden(byId("login"), false);
  setText(byId("login-error"), text);
  setHidden(byId("login-error"), text === "");
  byId("token").focus();
}

async function begin() {
  let version;
  try {
    version = await call("GET", "/v1/version");
  } catch (failure) {
    if (failure.status === 401) askForToken("This token is not right.");
    else report(failure);
    return;
  }
  setHidden(byId("login"), true);
  setHidden(byId("main"), false);
  setHidden(byId("logout"), !usesLogin());
  setText(byId("version"), version.version);
  await detail.addEndings();
  follow(takeEvents, beginRun, showState);
  poll();
  setInterval(() => {
    if (!dirty || document.hidden) return;
    dirty = false;
    draw();
  }, DRAW_MS);
}

detail = new Detail(byId("detail"), store, report);
list = new ConnectionList(byId("connections"), connection => {
  detail.show(connection);
});
byId("connections").addEventListener("click", () => { // on a small screen the picture stands below the list
  if (innerWidth < 1000 && detail.connection !== null) byId("detail").scrollIntoView({behavior: "smooth"});
});
panel = new ProxyPanel(byId("proxies"), report, (proxies, faults) => {
  setOptions(byId("filter-proxy"), proxies);
  setOptions(byId("filter-fault"), faults);
});
setOptions(byId("filter-cause"), Object.keys(CAUSES), CAUSES);
for (const select of filters) select.addEventListener("change", draw);
byId("connections").addEventListener("keydown", event => {
  if (event.key === "Enter" && detail.connection !== null) detail.title.focus();
});
byId("logout").addEventListener("click", () => { logout(); location.reload(); });
byId("login").addEventListener("submit", event => {
  event.preventDefault();
  login(byId("token").value);
  location.reload();
});
if (needsLogin()) askForToken("");
else begin();
