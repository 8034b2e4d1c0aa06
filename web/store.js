// SPDX-License-Identifier: MIT
//
// The connections that the event stream told of. All open ones are kept, and the newest of the past ones.

const PAST_MAX = 20000;    // connections
const EVENTS_MAX = 200000; // of all of these
// Of one connection: its beginning and its end are kept, with {event: "cut", count} in place of those between them.
const CONNECTION_EVENTS_MAX = 2000;

export const CAUSES = {client_fin: "client closed", client_rst: "client reset", server_fin: "server closed",
  server_rst: "server reset", connect_failed: "no server", fault: "fault", stopped: "stopped",
  out_of_memory: "out of memory", none: "ended"};

class Connection {
  constructor(proxy, number, time) {
    this.id = 0;
    this.proxy = proxy;
    this.number = number;
    this.open = true;
    this.opened = time; // ms, by the clock of rudeproxy
    this.client = this.server = "";
    this.faults = new Set();
    this.events = [];
    this.cause = "";
    this.serial = undefined; // not known yet
    this.older = undefined;  // an open one with the same number
    this.record = null; // as GET /v1/proxies/P/connections/N had it last
  }

  get name() { return this.proxy + " #" + this.number; }

  // Microseconds. An open one's is as old as its record, or counted by the browser's clock.
  get age() {
    if (this.closed !== undefined) return this.closed.duration_us;
    if (this.record !== null) return this.record.age_us + (Date.now() - this.asked) * 1000;
    return Math.max(0, Date.now() - this.opened) * 1000;
  }

  bytes(side) {
    const source = this.closed || this.record;
    return source ? source[side].bytes_out : null;
  }

  get howEnded() {
    if (this.open) return this.record !== null && this.record.state !== "open" ? this.record.state : "open";
    return this.cause === "fault" ? "fault " + this.closed.cause_fault : CAUSES[this.cause] || this.cause;
  }
}

export class Store {
  constructor() {
    this.all = []; // in the order in which they opened
    this.current = new Map(); // open ones, by proxy and number: of two with one number, the newer
    this.serials = new Map(); // all, by serial: no other connection of the run has it
    this.ids = 0;
    this.pastCount = 0;
    this.eventCount = 0; // of past connections
    this.missed = 0;
  }

  // Forgets all: numbers and serials of another run of rudeproxy begin anew.
  clear() {
    for (const connection of this.all) this.noteGone(connection); // the picture may show one
    const ids = this.ids;
    Object.assign(this, new Store(), {ids});
  }

  key(proxy, number) { return number + " " + proxy; }

  // The connection with this serial; a new one if there is none. After POST /v1/reset-counts it may have the number of
  // one that is still open.
  find(proxy, number, serial, time) {
    const key = this.key(proxy, number), current = this.current.get(key);
    let found = this.serials.get(serial);
    if (found !== undefined) return found;
    if (current !== undefined && (current.serial === undefined || serial === undefined)) found = current;
    if (found === undefined) {
      found = new Connection(proxy, number, time);
      found.id = ++this.ids;
      this.all.push(found);
      found.serial = serial;
      this.putBeforeOlder(key, found);
    }
    if (serial !== undefined) this.serials.set(found.serial = serial, found);
    return found;
  }

  putBeforeOlder(key, connection) {
    let newer, older = this.current.get(key);
    while (older !== undefined && older.serial > connection.serial) [newer, older] = [older, older.older];
    connection.older = older;
    if (newer === undefined) this.current.set(key, connection);
    else newer.older = connection;
  }

  // Whether a path of the API with its number means this connection.
  hasPath(connection) { return this.current.get(this.key(connection.proxy, connection.number)) === connection; }

  openOnes() { return this.all.filter(connection => connection.open); }

  note({kind, data}) {
    if (kind === "gap") this.missed += data.missed;
    if (data.connection === undefined) return;
    const connection = this.find(data.proxy, data.connection, data.serial, Date.parse(data.time));
    this.addEvent(connection, data);
    if (kind === "open") {
      connection.client = data.client;
      connection.server = data.server;
    } else if (kind === "fault") {
      connection.faults.add(data.fault);
    } else if (kind === "closed") {
      connection.closed = data;
      connection.cause = data.cause;
      connection.client = connection.client || data.client.address;
      this.end(connection);
    }
  }

  // A record of the API: of a connection whose events are not kept any more, too. One that has ended since it was asked
  // for is left out: undefined.
  noteRecord(record) {
    const connection =
      this.find(record.proxy, record.number, record.serial, Date.now() - record.age_us / 1000);
    if (!connection.open) return undefined;
    connection.record = record;
    connection.asked = Date.now();
    connection.client = connection.client || record.client.address;
    connection.server = connection.server || record.server.address;
    for (const fault of record.faults) if (fault.fired) connection.faults.add(fault.name);
    return connection;
  }

  // Takes over the list of all open connections. Those that were open in `before` and are not in the list have
  // ended, with an event that was missed.
  noteOpen(records, before) {
    const there = new Set(records.map(record => this.noteRecord(record)));
    for (const connection of before) if (!there.has(connection)) this.noteGone(connection);
  }

  noteGone(connection) {
    if (!connection.open) return;
    connection.cause = "none";
    this.end(connection);
  }

  end(connection) {
    if (connection.open) {
      this.pastCount++;
      this.eventCount += connection.events.length;
    }
    connection.open = false;
    if (this.hasPath(connection)) { // now a path with the number means an older one, if there is one
      const key = this.key(connection.proxy, connection.number);
      let older = connection.older;
      while (older !== undefined && !older.open) older = older.older;
      connection.older = undefined;
      if (older === undefined) this.current.delete(key);
      else this.current.set(key, older);
    }
    if (this.pastCount > PAST_MAX || this.eventCount > EVENTS_MAX) this.forget();
  }

  addEvent(connection, event) {
    const events = connection.events, middle = CONNECTION_EVENTS_MAX / 2;
    const before = events.length;
    events.push(event);
    if (events.length > CONNECTION_EVENTS_MAX) {
      if (events[middle].event !== "cut") events[middle] = {event: "cut", count: 1};
      events[middle].count += events.splice(middle + 1, 1).length;
    }
    if (!connection.open) this.eventCount += events.length - before;
  }

  // Forgets a tenth of the past ones, the oldest.
  forget() {
    let most = Math.ceil(this.pastCount / 10);
    this.all = this.all.filter(connection => {
      if (connection.open || most === 0) return true;
      most--;
      this.pastCount--;
      this.serials.delete(connection.serial);
      this.eventCount -= connection.events.length;
      return false;
    });
  }

  // Newest first. A filter's member that is "" lets every connection pass.
  list(filter) {
    const found = [];
    for (let i = this.all.length - 1; i >= 0; i--) {
      const connection = this.all[i];
      if (filter.proxy !== "" && connection.proxy !== filter.proxy) continue;
      if (filter.state !== "" && connection.open !== (filter.state === "open")) continue;
      if (filter.cause !== "" && connection.cause !== filter.cause) continue;
      if (filter.fault !== "" && !connection.faults.has(filter.fault)) continue;
      found.push(connection);
    }
    return found;
  }
}
