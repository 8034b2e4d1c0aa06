// SPDX-License-Identifier: MIT
//
// One connection: its diagram, how it stands, and a button for each way to end it.

import {make, setText, setHidden, sizeText, durationText} from "./element.js";
import {call, path} from "./api.js";
import {openFaultForm} from "./fault_form.js";
import {drawConnection} from "./diagram.js";
import {payloadText} from "./payload.js";

const ENDINGS = "Endings"; // the group of the catalogue whose types end connections

export class Detail {
  constructor(element, store, report) {
    this.element = element;
    this.store = store;
    this.report = report;
    this.connection = null;
    this.title = make("h2", {tabindex: "-1"}, "Connection");
    this.hint = make("p", {class: "empty"}, "Choose a connection: its picture shows who sent what, and who ended it.");
    this.facts = make("p", {class: "facts"});
    this.picture = make("div", {class: "picture"});
    this.side = make("select", {id: "end-side"},
      ...["both", "client", "server"].map(side => make("option", {value: side}, side)));
    this.ways = make("div", {class: "buttons"});
    this.endings = make("section", {class: "endings", "aria-label": "End this connection"},
      make("div", {class: "line"}, make("h3", {}, "End it"), make("label", {for: "end-side"}, "towards "), this.side),
      this.ways);
    this.armed = make("ul", {class: "armed"});
    this.log = make("pre", {tabindex: "0"});
    this.lines = make("details", {ontoggle: () => this.draw()},
      make("summary", {}, "Log lines of this connection"), this.log);
    this.bytes = make("pre", {tabindex: "0", class: "bytes"});
    this.payload = make("details", {hidden: true, ontoggle: () => this.draw()},
      make("summary", {}, "Payload"), this.bytes);
    this.body = make("div", {hidden: true}, this.facts, this.endings, this.armed, this.picture, this.payload,
      this.lines);
    element.append(this.title, this.hint, this.body);
    new ResizeObserver(() => this.draw()).observe(this.picture);
  }

  async addEndings() {
    const {types} = await call("GET", "/v1/faults/catalogue");
    for (const type of types.filter(entry => entry.group === ENDINGS && !entry.lasting))
      this.ways.append(make("button", {type: "button", title: type.summary, onclick: () => this.end(type.type)},
        type.type));
    this.ways.append(make("button", {type: "button", onclick: () => this.inject()}, "another fault…"));
  }

  get path() { return path("proxies", this.connection.proxy, "connections", this.connection.number); }

  async act(action) {
    try {
      await action();
      this.report(null);
      await this.refresh();
    } catch (failure) {
      this.report(failure);
    }
  }

  end(how) {
    const fault = {type: how, side: this.side.value, name: how + "-by-hand"};
    if (how === "reset") fault.mode = "abrupt"; // it waits for no byte
    this.act(() => call("POST", this.path + "/faults", fault));
  }

  inject() {
    const target = this.path + "/faults";
    this.act(() => openFaultForm("Fault for " + this.connection.name + " only", "Add the fault", null,
      values => call("POST", target, values)));
  }

  show(connection) {
    this.connection = connection;
    this.drawn = "";
    setHidden(this.hint, true);
    setHidden(this.body, false);
    this.draw();
    this.refresh();
  }

  // Asks how an open connection stands.
  async refresh() {
    const connection = this.connection;
    if (connection === null || !this.store.hasPath(connection)) return;
    try {
      this.store.noteRecord(await call("GET", this.path));
    } catch {
      // It has ended: the event comes. Or rudeproxy is gone: the stream says so.
    }
    this.draw();
  }

  factsText() {
    const connection = this.connection, up = connection.bytes("server"), down = connection.bytes("client");
    const moved = up === null ? "" : " " + sizeText(up) + " to the server, " + sizeText(down) + " to the client.";
    const how = connection.howEnded, age = durationText(connection.age);
    const first = !connection.open ? "Lasted " + age + ", " + how :
      "Open for " + age + (how === "open" ? "" : ", " + how);
    const missed = connection.closed === undefined && !connection.open ? " Its end was not recorded." : "";
    const hidden = connection.open && !this.store.hasPath(connection) ?
      " A newer connection has its number, so that it cannot be asked for or ended here." : "";
    return first + "." + moved + missed + hidden;
  }

  drawArmed() {
    const {open, record} = this.connection;
    const faults = open && record !== null ? record.faults : [];
    setHidden(this.armed, faults.length === 0);
    this.armed.replaceChildren(...faults.map(fault => make("li", {}, fault.name + " (" + fault.type + ", " +
      fault.direction + "): " + fault.phase + (fault.fired ? ", has fired" : ""))));
  }

  // Draws the picture only where something changed: a diagram is hundreds of elements.
  draw() {
    const connection = this.connection;
    if (connection === null) return;
    setText(this.title, "Connection " + connection.name);
    setText(this.facts, this.factsText());
    setHidden(this.endings, !this.store.hasPath(connection)); // a path with its number may mean a newer one
    this.drawArmed();
    const {open, record} = connection, width = this.picture.clientWidth;
    const now = open && record !== null ? [{event: "now", ...record}] : [];
    const state = [connection.id, connection.events.length, open, width, ...now.map(stateOf)].join(" ");
    if (state !== this.drawn && width > 0) {
      const {proxy, number, events: kept} = connection;
      const events = kept.length > 0 ? kept : [{proxy, connection: number}];
      this.picture.replaceChildren(drawConnection([...events, ...now], {width: Math.min(width, 760)}));
      this.drawn = state;
    }
    setHidden(this.payload, !connection.events.some(event => event.bytes !== undefined));
    if (this.payload.open) setText(this.bytes, payloadText(connection.events));
    if (this.lines.open) setText(this.log, connection.events.map(event => JSON.stringify(event)).join("\n"));
  }
}

// The members of a record that change the picture, as a text.
function stateOf(record) {
  return ["client", "server"].map(side => [record[side].bytes_in, record[side].bytes_out, record[side].ended]).join() +
    [record.upstream, record.downstream].map(flow => [flow.held, flow.dropped]).join();
}
