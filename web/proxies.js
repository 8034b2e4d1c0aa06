// SPDX-License-Identifier: MIT
//
// The proxies: what each moves, its faults, and the switches of both.

import {make, setText, setHidden, sizeText} from "./element.js";
import {call, path} from "./api.js";
import {openFaultForm, openProxyForm} from "./fault_form.js";

const CAPTURE = "256"; // bytes of each message that "keep payload" keeps

// A switch that says what it does. `change` gets the new state. `show` sets what is in force, but not while a change is
// under way: the answer that it comes from may be older.
function makeSwitch(label, change) {
  let changing = false;
  const onchange = async () => {
    changing = true;
    await change(input.checked);
    changing = false;
  };
  const input = make("input", {type: "checkbox", role: "switch", onchange});
  const show = on => { if (!changing) input.checked = on; };
  return {input, show, element: make("label", {class: "switch"}, input, make("span", {}, label))};
}

// Counts begin anew when a proxy is made again.
export const rateText = (bytes, seconds) => sizeText(Math.floor(Math.max(0, bytes) / seconds)) + "/s";

function describe(fault) {
  const words = [fault.type];
  if (fault.when !== undefined && fault.when !== "open") words.push("at " + fault.when);
  if (fault.direction !== undefined) words.push(fault.direction);
  if (fault.chance !== undefined && fault.chance !== "100%") words.push("chance " + fault.chance);
  return words.join(", ");
}

class FaultRow {
  constructor(card, name) {
    this.card = card;
    this.name = name;
    this.toggle = makeSwitch(name, on => card.act(() => call("PATCH", this.path, {enabled: on})));
    this.words = make("span", {class: "words"});
    this.counts = make("span", {class: "counts"});
    this.element = make("li", {class: "fault"}, this.toggle.element, this.words, this.counts,
      make("span", {class: "buttons"},
        make("button", {type: "button", "aria-label": "Change fault " + name, onclick: () => this.change()}, "Change"),
        make("button", {type: "button", "aria-label": "Remove fault " + name,
          onclick: () => card.act(() => call("DELETE", this.path))}, "Remove")));
  }

  get path() { return path("proxies", this.card.name, "faults", this.name); }

  show(fault) {
    this.fault = fault;
    this.toggle.show(fault.enabled);
    setText(this.words, describe(fault));
    setText(this.counts, "armed " + fault.armed + ", fired " + fault.fired);
  }

  change() {
    this.card.act(() => openFaultForm("Change the fault " + this.name, "Save", this.fault, async values => {
      await call("PATCH", this.path, values);
      await this.card.refreshFaults();
    }));
  }
}

class ProxyCard {
  constructor(panel, name) {
    this.panel = panel;
    this.name = name;
    this.faults = new Map();
    this.rate = make("span", {class: "rate"});
    this.route = make("span", {class: "route"});
    this.counts = make("span", {class: "counts"});
    this.enabled = makeSwitch("on", on => this.act(() => call("PATCH", this.path, {enabled: on})));
    this.enabled.input.setAttribute("aria-label", "Proxy " + name + " is on");
    this.messages = makeSwitch("log messages", on => this.act(() => call("PATCH", this.path, {log_messages: on})));
    this.capture = makeSwitch("keep payload",
      on => this.act(() => call("PATCH", this.path, {capture: on ? CAPTURE : "0"})));
    this.list = make("ul", {class: "faults"});
    this.none = make("p", {class: "help"}, "No faults: everything passes as it is.");
    this.details = make("details", {ontoggle: () => this.details.open && this.act(() => this.refreshFaults())},
      this.summary = make("summary", {}, "Faults"), this.none, this.list,
      make("div", {class: "buttons"},
        make("button", {type: "button", class: "main", onclick: () => this.addFault()}, "Add a fault"),
        this.messages.element, this.capture.element,
        make("button", {type: "button", onclick: () => this.remove()}, "Remove the proxy")));
    this.element = make("li", {class: "proxy"},
      make("div", {class: "line"}, make("h3", {}, name), this.rate, this.enabled.element),
      make("div", {class: "line small"}, this.route, this.counts), this.details);
  }

  get path() { return path("proxies", this.name); }

  act(action) { return this.panel.act(action); }

  show(proxy, seconds) {
    const state = proxy.state, before = this.state || state;
    const rate = key => rateText(state[key] - before[key], seconds);
    this.state = state;
    setText(this.route, (proxy.listen || "not listening") + " → " + (proxy.upstream || "any"));
    setText(this.rate, "↑ " + rate("bytes_upstream") + " ↓ " + rate("bytes_downstream"));
    setText(this.counts, state.open + " open, " + state.closed + " ended" +
      (state.connect_failed > 0 ? ", " + state.connect_failed + " without a server" : ""));
    this.enabled.show(proxy.enabled);
    this.messages.show(proxy.log_messages === true);
    this.capture.show(proxy.capture !== "0");
    setHidden(this.messages.element, proxy.protocol === "raw");
    setHidden(this.capture.element, proxy.protocol === "raw" || proxy.capture === undefined);
    this.element.classList.toggle("off", !proxy.enabled);
    setText(this.summary, proxy.faults.length === 0 ? "No faults" :
      (proxy.faults.length === 1 ? "Fault: " : proxy.faults.length + " faults: ") + proxy.faults.join(", "));
    if (this.details.open) this.refreshFaults().catch(() => {}); // asked for again with the next list
  }

  async refreshFaults() {
    const {faults} = await call("GET", this.path + "/faults");
    for (const fault of faults) {
      if (!this.faults.has(fault.name)) {
        this.faults.set(fault.name, new FaultRow(this, fault.name));
        this.list.append(this.faults.get(fault.name).element);
      }
      this.faults.get(fault.name).show(fault);
    }
    for (const [name, row] of this.faults) {
      if (faults.some(fault => fault.name === name)) continue;
      row.element.remove();
      this.faults.delete(name);
    }
    setHidden(this.none, faults.length > 0);
  }

  addFault() {
    this.act(() => openFaultForm("New fault of " + this.name, "Add the fault", null, async values => {
      await call("POST", this.path + "/faults", values);
      await this.refreshFaults();
    }));
  }

  remove() {
    if (confirm("Remove the proxy " + this.name + "? Its connections end.")) this.act(() => call("DELETE", this.path));
  }
}

export class ProxyPanel {
  // `report` shows a Failure, or nothing for null; `onNames` gets the names of proxies and faults for the filters.
  constructor(element, report, onNames) {
    this.report = report;
    this.onNames = onNames;
    this.cards = new Map();
    this.list = make("ul", {class: "proxies"});
    this.none = make("p", {class: "empty", hidden: true},
      "There is no proxy yet. A proxy listens at an address, forwards to a server, and can do faults to what passes.");
    element.append(this.none, this.list);
    document.getElementById("new-proxy").addEventListener("click", () => openProxyForm(async values => {
      await call("POST", "/v1/proxies", values);
      await this.refresh();
    }));
  }

  // Does something at once, then shows what is in force.
  async act(action) {
    try {
      await action();
      this.report(null);
    } catch (failure) {
      this.report(failure);
    }
  }

  async refresh() {
    const now = performance.now(), seconds = this.asked === undefined ? 1 : Math.max(0.2, (now - this.asked) / 1000);
    const {proxies} = await call("GET", "/v1/proxies");
    this.asked = now;
    for (const proxy of proxies) {
      if (!this.cards.has(proxy.name)) {
        this.cards.set(proxy.name, new ProxyCard(this, proxy.name));
        this.list.append(this.cards.get(proxy.name).element);
      }
      this.cards.get(proxy.name).show(proxy, seconds);
    }
    for (const [name, card] of this.cards) {
      if (proxies.some(proxy => proxy.name === name)) continue;
      card.element.remove();
      this.cards.delete(name);
    }
    setHidden(this.none, proxies.length > 0);
    this.onNames(proxies.map(proxy => proxy.name), [...new Set(proxies.flatMap(proxy => proxy.faults))]);
  }
}
