// SPDX-License-Identifier: MIT
//
// The list of connections. Only the rows that can be seen exist as elements, so that it is as fast with 20,000
// connections as with ten. Keys: up, down, page up, page down, home, end.

import {make, setText, setHidden, sizeText, durationText} from "./element.js";

const ROW = 52; // pixels; page.css has the same height

class Row {
  constructor(list) {
    this.name = make("span", {class: "name"});
    this.state = make("span", {class: "chip"});
    this.age = make("span", {class: "age"});
    this.client = make("span", {class: "client"});
    this.bytes = make("span", {class: "bytes"});
    this.faults = make("span", {class: "faults"});
    this.element = make("div", {class: "row", role: "option", onclick: () => list.choose(this.connection)},
      make("div", {class: "line"}, this.name, this.state, this.age),
      make("div", {class: "line small"}, this.client, this.bytes, this.faults));
  }

  show(connection, index, chosen) {
    this.connection = connection;
    const up = connection.bytes("server"), down = connection.bytes("client");
    const fired = [...connection.faults].join(", "), armed = armedText(connection);
    this.element.id = "connection-" + connection.id;
    this.element.style.transform = "translateY(" + index * ROW + "px)";
    this.element.setAttribute("aria-selected", chosen);
    this.element.dataset.end = connection.open ? "open" : connection.cause;
    setText(this.name, connection.name);
    setText(this.state, connection.howEnded);
    setText(this.age, durationText(connection.age));
    setText(this.client, connection.client);
    setText(this.bytes, up === null ? "" : "↑ " + sizeText(up) + " ↓ " + sizeText(down));
    setText(this.faults, fired !== "" ? "⚡ " + fired : armed !== "" ? "armed: " + armed : "");
  }
}

function armedText(connection) {
  if (!connection.open || connection.record === null) return "";
  return connection.record.faults.filter(fault => !fault.fired).map(fault => fault.name).join(", ");
}

export class ConnectionList {
  // `onChoose` gets the connection that the user chose.
  constructor(element, onChoose) {
    this.element = element;
    this.onChoose = onChoose;
    this.space = make("div", {class: "space"});
    this.empty = make("p", {class: "empty"}, "No connections yet. They appear here when a client connects to a proxy.");
    element.append(this.empty, this.space);
    this.rows = [];
    this.connections = [];
    this.chosen = null;
    element.addEventListener("scroll", () => this.draw(), {passive: true});
    element.addEventListener("keydown", event => this.onKey(event));
    new ResizeObserver(() => this.draw()).observe(element);
  }

  show(connections) {
    const first = this.connections[0], scroll = this.element.scrollTop;
    const added = scroll > 0 && first !== undefined ? connections.indexOf(first) : 0;
    this.connections = connections;
    if (this.space.dataset.count !== String(connections.length)) {
      this.space.dataset.count = connections.length;
      this.space.style.height = connections.length * ROW + "px";
    }
    if (added > 0) this.element.scrollTop = scroll + added * ROW; // what is read stays where it is
    setHidden(this.empty, connections.length > 0);
    this.draw();
  }

  range() {
    const first = Math.max(0, Math.floor(this.element.scrollTop / ROW) - 2);
    return [first, Math.min(this.connections.length, first + Math.ceil(this.element.clientHeight / ROW) + 4)];
  }

  visible() { return this.connections.slice(...this.range()); }

  draw() {
    const [first, end] = this.range();
    while (this.rows.length < end - first) {
      const row = new Row(this);
      this.rows.push(row);
      this.space.append(row.element);
    }
    this.rows.forEach((row, i) => {
      const index = first + i;
      setHidden(row.element, index >= end);
      if (index < end) row.show(this.connections[index], index, this.connections[index] === this.chosen);
    });
    if (this.chosen !== null) this.element.setAttribute("aria-activedescendant", "connection-" + this.chosen.id);
  }

  choose(connection) {
    this.chosen = connection;
    this.draw();
    this.onChoose(connection);
  }

  onKey(event) {
    const page = Math.max(1, Math.floor(this.element.clientHeight / ROW) - 1), last = this.connections.length - 1;
    const steps = {ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -last - 1, End: last + 1};
    const step = steps[event.key];
    if (step === undefined || last < 0) return;
    event.preventDefault();
    const now = this.connections.indexOf(this.chosen);
    const index = now < 0 ? 0 : Math.min(last, Math.max(0, now + step)), top = index * ROW;
    if (top < this.element.scrollTop) this.element.scrollTop = top;
    else if (top + ROW > this.element.scrollTop + this.element.clientHeight)
      this.element.scrollTop = top + ROW - this.element.clientHeight;
    this.choose(this.connections[index]);
  }
}
