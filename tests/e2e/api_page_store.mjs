// SPDX-License-Identifier: MIT
//
// node api_page_store.mjs FOLDER, which has modules of the page: store gets events, and is asked for its list; story
// makes rows; payload writes bytes; api follows a stream.

import assert from "node:assert/strict";

globalThis.document = {querySelector: () => ({content: "token"})};
const load = module => import(process.argv[2] + "/" + module + ".mjs");
const {Store} = await load("store"), {Story} = await load("story"), {payloadText} = await load("payload");
const {follow} = await load("api");
const ALL = {proxy: "", state: "", cause: "", fault: ""};
const TIME = "2026-01-01T00:00:00.000000Z";

const side = {address: "127.0.0.1:9", bytes_in: 1, bytes_out: 2, ended: []};
const event = (kind, connection, more = {}) =>
  ({kind, data: {event: kind, time: TIME, proxy: "p", connection, ...more}});
const open = number => event("open", number, {client: "127.0.0.1:" + number, server: "127.0.0.1:1"});
const closed = (number, cause = "client_fin") =>
  event("closed", number, {cause, duration_us: 5, client: side, server: side});
const record = number => ({proxy: "p", number, state: "open", age_us: 7, client: side, server: side, faults: []});

const of = (serial, {kind, data}) => ({kind, data: {...data, serial}});

function storeOf(...events) {
  const store = new Store();
  for (const one of events) store.note(one);
  return store;
}

const names = (store, filter = {}) => store.list({...ALL, ...filter}).map(connection => connection.name);

function streamOf(run, ...pieces) {
  const body = new ReadableStream({
    start(stream) {
      for (const piece of pieces) stream.enqueue(new TextEncoder().encode(piece));
      stream.close();
    }});
  return new Response(body, {headers: {"X-Rudeproxy-Run": run}});
}

// What follow() does when requests get these answers, the last of which ends it. Its clock runs out as soon as nothing
// else happens.
async function followed(answers) {
  const seen = [], clock = globalThis.setTimeout;
  globalThis.fetch = async (target, {signal}) => {
    seen.push("GET " + target.split("?")[1]);
    return answers.shift()(signal);
  };
  globalThis.setTimeout = (run, ms) => clock(run, ms > 10000 ? 100 : 0);
  await follow(events => seen.push("events " + events.map(one => one.id).join()), () => seen.push("run"),
    state => seen.push(state));
  globalThis.setTimeout = clock;
  return seen;
}

const cases = {
  the_newest_connection_is_first() {
    assert.deepEqual(names(storeOf(open(1), open(2), closed(1))), ["p #2", "p #1"]);
  },

  filters_look_at_state_cause_and_faults() {
    const store = storeOf(open(1), open(2), open(3), event("fault", 1, {fault: "f"}), closed(1),
      closed(2, "server_rst"));
    assert.deepEqual(names(store, {state: "open"}), ["p #3"]);
    assert.deepEqual(names(store, {state: "past"}), ["p #2", "p #1"]);
    assert.deepEqual(names(store, {cause: "server_rst"}), ["p #2"]);
    assert.deepEqual(names(store, {fault: "f"}), ["p #1"]);
    assert.deepEqual(names(store, {proxy: "q"}), []);
  },

  a_number_that_is_used_again_is_another_connection() {
    const store = storeOf(of(1, open(1)), of(2, open(1)), of(2, closed(1)));
    assert.deepEqual(store.list(ALL).map(connection => connection.open), [false, true]);
  },

  two_open_connections_with_one_number_are_told_apart_by_their_serials() {
    const store = storeOf(of(1, open(1)), of(2, open(1)), of(1, event("eof", 1)), of(2, closed(1)));
    assert.deepEqual(store.list(ALL).map(connection => connection.open), [false, true]);
    store.note(of(1, closed(1)));
    assert.deepEqual(store.list(ALL).map(connection => connection.events.length), [2, 3]);
    assert.equal(store.current.size, 0);
  },

  // Whatever its first event is.
  a_connection_without_a_server_is_not_an_older_one_with_its_number() {
    const store = storeOf(of(5, open(1)), of(9, event("connect_failed", 1)), of(9, closed(1, "connect_failed")));
    assert.deepEqual(store.list(ALL).map(connection => [connection.serial, connection.open, connection.cause]),
      [[9, false, "connect_failed"], [5, true, ""]]);
    store.note(of(5, event("eof", 1)));
    assert.deepEqual(store.list(ALL).map(connection => connection.events.length), [2, 2]);
  },

  a_record_is_that_of_its_serial() {
    const store = storeOf(of(1, open(1)), of(2, open(1)));
    store.noteRecord({...record(1), serial: 1, state: "ending"});
    store.noteRecord({...record(1), serial: 3}); // its events come later
    store.note(of(3, open(1)));
    const seen = () =>
      store.list(ALL).map(connection => [connection.serial, connection.howEnded, store.hasPath(connection)]);
    assert.deepEqual(seen(), [[3, "open", true], [2, "open", false], [1, "ending", false]]);
    store.note(of(2, closed(1)));
    store.note(of(3, closed(1))); // a path with the number means the oldest one again
    assert.deepEqual(seen(), [[3, "client closed", false], [2, "client closed", false], [1, "ending", true]]);
    store.note(of(1, closed(1)));
    assert.equal(store.current.size, 0);
  },

  a_record_that_comes_after_the_end_is_left_out() {
    const store = storeOf(of(1, open(1)), of(2, open(2)), of(1, closed(1)));
    const late = {...record(1), serial: 1, state: "ending"};
    store.noteRecord(late);
    store.noteOpen([late, {...record(2), serial: 2}], store.openOnes());
    assert.deepEqual(store.list(ALL).map(connection => connection.open), [true, false]);
  },

  an_end_that_comes_after_the_list_is_that_of_its_connection() {
    const store = storeOf(of(1, open(1)));
    store.noteOpen([], store.openOnes());
    store.note(of(1, closed(1)));
    assert.deepEqual(store.list(ALL).map(connection => connection.howEnded), ["client closed"]);
  },

  a_fault_before_open_belongs_to_the_same_connection() {
    assert.deepEqual(names(storeOf(event("fault", 1, {fault: "f"}), open(1), closed(1))), ["p #1"]);
  },

  a_connection_whose_end_was_missed_is_not_open() {
    const store = storeOf(open(1), open(2), {kind: "gap", data: {missed: 3}});
    const before = store.openOnes();
    store.note(open(3)); // after the list was asked for
    store.noteOpen([record(2)], before);
    assert.deepEqual(names(store, {state: "open"}), ["p #3", "p #2"]);
    assert.equal(store.missed, 3);
  },

  a_connection_that_began_before_the_events_is_listed() {
    const store = storeOf();
    store.noteOpen([record(4)], []);
    assert.deepEqual(names(store), ["p #4"]);
    store.note(closed(4));
    assert.deepEqual(names(store, {state: "open"}), []);
  },

  past_connections_are_bounded_and_open_ones_are_kept() {
    const store = storeOf(open(1));
    for (let number = 2; number < 30000; number++) {
      store.note(open(number));
      store.note(closed(number));
    }
    assert.ok(store.all.length <= 20001, store.all.length + " are kept");
    const past = store.all.filter(connection => !connection.open);
    assert.equal(store.eventCount, past.reduce((sum, connection) => sum + connection.events.length, 0));
    assert.deepEqual(names(store, {state: "open"}), ["p #1"]);
  },

  events_of_open_connections_push_no_past_one_out() {
    const store = storeOf();
    for (let number = 1; number <= 110; number++) store.note(open(number)); // a pool; then with all that is kept of each
    for (let i = 0; i < 2000; i++)
      for (let number = 1; number <= 110; number++) store.note(event("message", number, {number: i}));
    for (let number = 111; number <= 160; number++) {
      store.note(open(number));
      store.note(closed(number));
    }
    assert.equal(store.list({...ALL, state: "past"}).length, 50);
  },

  events_of_one_connection_are_bounded() {
    const store = storeOf(open(1));
    for (let i = 0; i < 5000; i++) store.note(event("message", 1, {number: i}));
    const [{events}] = store.list(ALL);
    assert.ok(events.length <= 2000, events.length + " are kept");
    assert.equal(events[0].event, "open");
    assert.equal(events[events.length - 1].number, 4999);
  },

  what_was_cut_is_one_row_and_no_fin_comes_before_it() {
    const message = number => event("message", 1, {direction: "upstream", number, offset: number * 10, size: 10});
    const fin = (events, end) => ({side: "client", end, at_us: 5, events});
    for (const count of [1998, 1999, 2500, 5000]) { // messages behind `open`, then `eof` and `closed`
      const store = storeOf(open(1));
      for (let i = 0; i < count; i++) store.note(message(i));
      store.note(event("eof", 1, {side: "client", offset: count * 10}));
      const ends = [fin(1 + count, "fin_received"), {...fin(2 + count, "fin_sent"), side: "server"}];
      const read = {...side, bytes_in: count * 10, bytes_out: 0, ended: ["fin_received"]};
      const sent = {...side, bytes_in: 0, bytes_out: count * 10, ended: ["fin_sent"]};
      store.note(event("closed", 1, {cause: "client_fin", duration_us: 5, events: 2 + count, ends,
        client: read, server: sent}));
      const [{events}] = store.list(ALL), cut = events.find(one => one.event === "cut");
      assert.equal(events.length - 1 + (cut ? cut.count : 1), count + 3);
      const {rows} = new Story(events);
      const labels = rows.map(row => row.note ? row.note.text : row.arrows[0].label);
      assert.equal(labels[0], "connects");
      assert.deepEqual(labels.slice(-3), ["message " + (count - 1) + " · 10 bytes", "FIN", "the client's FIN came first"]);
      assert.equal(labels.filter(label => label === "FIN").length, 1);
      assert.equal(labels.filter(label => /events are not kept/.test(label)).length, cut ? 1 : 0);
    }
  },

  a_mark_among_what_was_cut_stands_behind_its_row() {
    const store = storeOf(open(1));
    for (let i = 0; i < 3000; i++)
      store.note(event("message", 1, {direction: "downstream", number: i, offset: i, size: 1}));
    const ends = [{side: "server", end: "fin_sent", at_us: 5, events: 1500}];
    const silent = {...side, bytes_in: 0, bytes_out: 0};
    store.note(event("closed", 1, {cause: "client_fin", duration_us: 5, events: 3001, ends,
      client: {...silent, bytes_out: 3000}, server: {...silent, bytes_in: 3000, ended: ["fin_sent"]}}));
    const rows = new Story(store.list(ALL)[0].events).rows;
    const cut = rows.findIndex(row => row.note && /not kept/.test(row.note.text));
    const fin = rows.findIndex(row => row.arrows.length > 0 && row.arrows[0].kind === "fin");
    assert.ok(cut > 0 && fin > cut && fin < cut + 5, "FIN in row " + fin + ", the cut in " + cut);
  },

  // Behind the beginning: the page missed events, or reads them later than the record.
  a_fin_stands_in_its_place_where_later_events_are_missing() {
    const ends = [{side: "client", end: "fin_received", at_us: 5, events: 1},
      {side: "server", end: "fin_sent", at_us: 5, events: 2}];
    const [head, eof] = [open(1), event("eof", 1, {side: "client", offset: 7, other_offset: 3})];
    const end = event("closed", 1, {cause: "client_fin", duration_us: 5, events: 500, ends,
      client: {...side, bytes_in: 7, bytes_out: 3, ended: ["fin_received"]},
      server: {...side, bytes_in: 3, bytes_out: 7, ended: ["fin_sent"]}});
    const rows = new Story([head, eof, end].map(one => one.data)).rows;
    assert.deepEqual(rows.map(row => row.note ? row.note.text : row.arrows.map(arrow => arrow.label).join()),
      ["connects,connects", "3 bytes,", "7 bytes,", "FIN,FIN", "the client's FIN came first"]);
  },

  inserted_bytes_are_none_of_those_that_were_forwarded() {
    const rowsOf = (kind, members) => new Story([open(1).data, {...event(kind, 1).data, cause: "stopped", duration_us: 5,
      ...members}]).rows.map(row => row.note ? row.note.text : row.arrows.map(arrow => arrow.label).join());
    const client = {...side, bytes_in: 0, bytes_out: 105}, server = {...side, bytes_in: 5000, bytes_out: 0};
    const drawn = ["5,000 bytes,100 bytes only", "4,900 bytes from the server not forwarded", "5 bytes inserted"];
    assert.deepEqual(rowsOf("closed", {client: {...client, inserted: 5}, server}).slice(1, 4), drawn);
    const flow = {held: 4900, dropped: 0, inserted: 5};
    assert.deepEqual(rowsOf("now", {client, server, downstream: flow}).slice(1, 4), drawn);
    assert.deepEqual(rowsOf("closed", {client, server: {...server, bytes_in: 100}}).slice(1, 3),
      ["100 bytes,", "5 bytes inserted"]); // of a version that does not say it
  },

  another_run_of_rudeproxy_begins_with_nothing() {
    const store = storeOf(of(1, open(1)), {kind: "gap", data: {missed: 3}}), [old] = store.list(ALL);
    store.clear();
    assert.equal(old.open, false);
    assert.deepEqual([names(store), store.missed, store.eventCount], [[], 0, 0]);
    store.note(of(1, open(1)));
    const [connection] = store.list(ALL);
    assert.equal(connection.events.length, 1);
    assert.notEqual(connection.id, old.id);
  },

  async the_stream_begins_anew_in_another_run() {
    const seen = await followed([
      () => streamOf("one", "id: 7\nevent: open\ndata: {}\n\n"),
      () => streamOf("one", ":\n\n", "id: 8\nevent: op", "en\ndata: {}\n\n"),
      () => streamOf("two", "id: 1\nevent: open\ndata: {}\n\n"),
      () => new Response("{}", {status: 401})]);
    assert.deepEqual(seen, ["GET after=0&run=", "run", "live", "events 7", "lost", "GET after=7&run=one", "live",
      "events 8", "lost", "GET after=8&run=one", "run", "live", "events 1", "lost", "GET after=1&run=two", "lost"]);
  },

  async a_silent_stream_is_lost() {
    const silent = signal => new Response(new ReadableStream({
      start(stream) {
        stream.enqueue(new TextEncoder().encode(":\n\n"));
        signal.addEventListener("abort", () => stream.error(signal.reason));
      }}), {headers: {"X-Rudeproxy-Run": "one"}});
    const seen = await followed([silent, () => new Response("{}", {status: 401})]);
    assert.deepEqual(seen,
      ["GET after=0&run=", "run", "live", "lost", "GET after=0&run=one", "lost"]);
  },

  the_payload_is_hexadecimal_and_text() {
    const hex = text => Buffer.from(text, "latin1").toString("hex");
    const message = (direction, more) => ({event: "message", direction, number: 1, kind: "GET", ...more});
    const events = [message("upstream", {size: 20, bytes: hex("GET /<script>\x00\xff\r\nab")}),
      message("downstream", {size: 900, kind: "", bytes: hex("HTTP")}), {event: "eof", side: "client"}];
    assert.equal(payloadText(events), [
      "client → server, message 1 (GET), the first 19 of 20 bytes",
      "000000  47 45 54 20 2f 3c 73 63 72 69 70 74 3e 00 ff 0d   GET /<script>...",
      "000010  0a 61 62                                          .ab",
      "",
      "server → client, message 1, the first 4 of 900 bytes",
      "000000  48 54 54 50                                       HTTP"].join("\n"));
    assert.equal(payloadText([{event: "message", direction: "upstream", number: 1, size: 5}]), "");
  },
};

for (const [name, run] of Object.entries(cases)) {
  await run();
  console.log("passed: " + name);
}
