// SPDX-License-Identifier: MIT
//
// What happened on one connection, as rows for a diagram: what passed between the client, rudeproxy and the server, and
// notes. proxy/app/view/story.c makes the same rows for a terminal. Draws nothing.

export const CLIENT = 0, PROXY = 1, SERVER = 2;
export const LANES = {client: CLIENT, server: SERVER};
const ROUTES = {upstream: {source: "client", target: "server"}, downstream: {source: "server", target: "client"}};
const FROM = {client: "upstream", server: "downstream"}; // the direction whose bytes come from a side
const ENDINGS = new Set(["close", "reset", "unread", "vanish", "shut_rd", "timeout", "reset_peer", "limit_data"]);
const SLOWS = new Set(["latency", "bandwidth", "slice", "stall", "slicer", "lossy"]);
const HOLDS_FIN = new Set(["hold_fin", "slow_close"]);

export const count = n => n.toLocaleString("en");
export const bytes = n => count(n) + (n === 1 ? " byte" : " bytes");
export const endOf = events => events.findLast(e => e.event === "closed" || e.event === "now");
const against = direction => direction === "upstream" ? "downstream" : "upstream";
const other = side => side === "client" ? "server" : "client";

// Microseconds of the wall clock; Date.parse() drops those within a millisecond.
const microseconds = text => Date.parse(text) * 1000 + Number((/\.\d{3}(\d{3})Z$/.exec(text) || [0, 0])[1]);
const timeText = us => us < 1e6 ? (us / 1000).toFixed(us < 1e4 ? 2 : 1) + " ms" : (us / 1e6).toFixed(2) + " s";

// --- How the sockets ended --------------------------------------------------------------------------------------

// {side, end, at_us, events}: a FIN or RST, or its lack, with the number of the events before it. `end` is a word of
// `ended`.
const isOurs = end => !end.end.endsWith("_received");
const isJoined = (end, next, word) => next !== undefined && next.side !== end.side && next.at_us === end.at_us &&
  next.end === word;

function arrowOf({side, end}) {
  const kind = end.slice(0, 3), [from, to] = end.endsWith("_sent") ? [PROXY, LANES[side]] : [LANES[side], PROXY];
  return {from, to, kind, label: kind.toUpperCase()};
}

// Whether the event is the fault that ended the connection, at the moment when it did.
function isEnding(event, events, end) {
  return end !== undefined && ENDINGS.has(event.type) && end.cause_fault === event.fault &&
    (event.event === "fault_over" || !events.some(e => e.event === "fault_over" && e.fault === event.fault));
}

// Returns a function that turns the number of events before a mark into the number of kept ones: the first events may be
// missing, and those in place of which {event: "cut"} stands. If the beginning is there, others are missing behind it:
// then what stands behind the last event comes at the end.
function placesIn(events, end, last) {
  const gap = events.findIndex(e => e.event === "cut"), cut = gap < 0 ? 0 : events[gap].count - 1;
  const missing = lacksBeginning(events, end) ? Math.max(0, (end.events || 0) - last - cut) : 0;
  return number => {
    const place = Math.max(0, number - missing);
    return Math.min(last, gap < 0 || place <= gap ? place : Math.max(gap + 1, place - cut));
  };
}

// The marks of both sockets in order. Logs of versions without `ends` have only the order on each socket: then what
// rudeproxy sent stands behind its cause.
function endsOf(events, end) {
  if (end === undefined) return [];
  const last = events.indexOf(end), placeIn = placesIn(events, end, last);
  if (end.ends !== undefined) return end.ends.map(e => ({...e, events: placeIn(e.events)}));
  const guessed = Object.keys(LANES).flatMap(side => {
    let from = 0;
    return end[side].ended.map(mark => {
      let at = from;
      while (at < last && !makes(events[at], side, mark, events, end)) at++;
      const received = mark.endsWith("_received");
      from = at < last && received ? at + 1 : at;
      return {side, end: mark, events: at < last && !received ? at + 1 : at};
    });
  });
  return guessed.sort((a, b) => a.events - b.events || (a.side !== b.side ? isOurs(b) - isOurs(a) : 0));
}

// Whether the event is what made this mark of a side.
function makes(event, side, mark, events, end) {
  const fin = mark.startsWith("fin"), received = mark.endsWith("_received");
  const wasHeld = from =>
    events.some(e => e.event === "fault_over" && HOLDS_FIN.has(e.type) && e.direction === FROM[from]);
  if (event.event === (fin ? "eof" : "reset_seen"))
    return received ? event.side === side : event.side !== side && !(fin && wasHeld(event.side));
  if (received) return false;
  if (fin && event.event === "fault_over" && HOLDS_FIN.has(event.type)) return event.direction === FROM[other(side)];
  return fin && event.event === "fault" && event.type === "half_close" || isEnding(event, events, end);
}

// Whether the server was connected before the first event: a log may begin in the middle of a connection. One that ends
// before the server is connected, has only what comes before that.
function lacksBeginning(events, end) {
  if (events.some(e => e.event === "open" || e.event === "connect_failed")) return false;
  if (end !== undefined) return end.server.address !== "";
  return events[0].type !== "connect_delay";
}

// --- What happened: rows ---------------------------------------------------------------------------------------

// Reads events one by one into rows: {time, arrows: [{from, to, kind, label}], note: {lane, kind, text}}.
export class Story {
  constructor(events) {
    this.rows = [];
    this.end = endOf(events);
    this.closed = this.end !== undefined && this.end.event === "closed";
    this.start = microseconds(events[0].time);
    this.drawn = {upstream: 0, downstream: 0};
    this.active = []; // lasting faults that have begun and are not over
    this.untimed = false;
    this.opened = lacksBeginning(events, this.end);
    this.showed = new Set(); // what stands in one row at most
    this.events = events;
    this.ends = endsOf(events, this.end);
    events.forEach((event, i) => {
      this.endsBefore(i);
      if (i === 0 && event.event !== "open") this.beginning();
      if (HANDLERS[event.event] !== undefined) HANDLERS[event.event](this, event);
    });
  }

  // A client whose server was not connected at once, or not at all; or a beginning that the log does not have.
  beginning() {
    if (this.opened) this.note("", PROXY, "quiet", "the log does not have its beginning");
    else this.arrows("", {from: CLIENT, to: PROXY, kind: "quiet", label: "connects"});
  }

  time(event) { return event.time === undefined ? "" : timeText(microseconds(event.time) - this.start); }

  // When rudeproxy sent a FIN or RST: the log counts from the moment when the connection was accepted.
  timeOf(end) {
    if (end.at_us === undefined || !this.closed) return "";
    return timeText(microseconds(this.end.time) - this.end.duration_us + end.at_us - this.start);
  }

  arrows(time, ...arrows) { this.rows.push({time, arrows}); }
  note(time, lane, kind, text) { this.rows.push({time, arrows: [], note: {lane, kind, text}}); }

  // Bytes of the source that reached the far socket; Infinity: not known.
  forwarded(direction) {
    return this.end ? this.end[ROUTES[direction].target].bytes_out - this.insertedBytes(direction) : Infinity;
  }

  // Bytes that the far socket got and the source did not send. Logs of versions without `inserted` show only those that
  // it got beyond what was read.
  insertedBytes(direction) {
    if (!this.end) return 0;
    const {source, target} = ROUTES[direction], record = this.end[target], flow = this.end[direction] || {};
    return flow.inserted ?? record.inserted ?? Math.max(0, record.bytes_out - this.end[source].bytes_in);
  }

  isSlow(direction) {
    return this.active.some(fault => SLOWS.has(fault.type) && fault.direction === direction);
  }

  // Draws bytes of a direction up to `offset`: through the proxy as far as they were forwarded, the rest up to it.
  bytesUpTo(direction, offset, time, label) {
    const begin = this.drawn[direction];
    if (offset <= begin) return;
    this.drawn[direction] = offset;
    const from = LANES[ROUTES[direction].source], to = LANES[ROUTES[direction].target];
    const through = Math.max(0, Math.min(offset, this.forwarded(direction)) - begin);
    const text = label === undefined ? bytes(offset - begin) : label;
    if (time === "") this.untimed = true;
    if (through === offset - begin) {
      this.arrows(time, {from, to: PROXY, kind: "data", label: text, through: true},
        {from: PROXY, to, kind: "data", label: "", late: this.isSlow(direction)});
    } else {
      const rest = offset - begin - through;
      this.arrows(time, {from, to: PROXY, kind: "data", label: text},
        through > 0 ? {from: PROXY, to, kind: "data", label: bytes(through) + " only"} :
          {from: PROXY, to, kind: "lost", label: ""});
      this.note("", PROXY, "lost", bytes(rest) + " from the " + ROUTES[direction].source + " not forwarded");
    }
  }

  // Draws what the far socket got in all, with the bytes that the source did not send.
  sent(direction) {
    if (!this.end) return;
    this.bytesUpTo(direction, Math.min(this.end[ROUTES[direction].source].bytes_in, this.forwarded(direction)), "");
    this.inserted(direction);
  }

  // Draws all that a direction read, forwarded or not, and what was inserted.
  rest(direction) {
    if (!this.end) return;
    this.bytesUpTo(direction, this.end[ROUTES[direction].source].bytes_in, "");
    this.sent(direction);
  }

  // Whether this was not asked before.
  isFirst(what) { return !this.showed.has(what) && this.showed.add(what) !== null; }

  inserted(direction) {
    const {target} = ROUTES[direction], count = this.insertedBytes(direction);
    if (count > 0 && this.isFirst("inserted " + direction))
      this.arrows("", {from: PROXY, to: LANES[target], kind: "fault", label: bytes(count) + " inserted"});
  }

  // Draws what was left unread in the socket of a side when it was closed.
  unread(side) {
    const unread = this.closed ? this.end[side].unread : 0;
    if (unread > 0 && this.isFirst("unread " + side))
      this.arrows("", {from: LANES[side], to: PROXY, kind: "lost", label: bytes(unread) + " left unread"});
  }

  // Draws the bytes before a fault. If it ends the connection, all that passed comes before it, and the bytes that it
  // counted come last. What the other direction had forwarded comes first: a reply stands behind its request.
  bytesBeforeFault(event) {
    if (event.direction === undefined) return;
    const ends = isEnding(event, this.events, this.end), opposite = against(event.direction);
    this.bytesUpTo(opposite, event.other_offset || 0, "");
    if (ends) this.sent(opposite);
    this.bytesUpTo(event.direction, event.offset, "");
    if (ends) this.sent(event.direction);
  }

  // Draws the bytes before a mark: nothing is sent to a socket behind our FIN or RST, and nothing is read behind its
  // last mark.
  bytesBefore(end) {
    this.sent(FROM[other(end.side)]);
    if (this.ends.some(later => later.side === end.side)) return;
    this.rest(FROM[end.side]);
    this.unread(end.side);
  }

  // Draws the next mark. What rudeproxy sent to both sockets at once stands in one row.
  nextEnd() {
    const end = this.ends.shift(), time = this.timeOf(end);
    this.bytesBefore(end);
    if (end.end === "vanished")
      return this.note(time, LANES[end.side], "rst", "the socket vanishes without FIN or RST");
    const arrows = [arrowOf(end)];
    if (isOurs(end) && isJoined(end, this.ends[0], end.end)) {
      const second = this.ends.shift();
      this.bytesBefore(second);
      arrows.push(arrowOf(second));
    }
    this.arrows(time, ...arrows);
  }

  // Draws what rudeproxy sent before the event with this index, and marks of peers whose event the log lacks.
  endsBefore(index) {
    while (this.ends.length > 0 && (isOurs(this.ends[0]) ? this.ends[0].events <= index : this.ends[0].events < index))
      this.nextEnd();
  }

  // Draws the marks, the bytes and what was left unread that no row shows.
  remains() {
    while (this.ends.length > 0) this.nextEnd();
    for (const direction in ROUTES) this.rest(direction);
    for (const side in LANES) this.unread(side);
  }

  // A FIN or RST from `side`, and the same towards the other side if it was sent at the same moment.
  peerEnds(event, kind) {
    const side = event.side, far = other(side), time = this.time(event), label = kind.toUpperCase();
    const held = this.active.some(fault => HOLDS_FIN.has(fault.type) && fault.direction === FROM[side]);
    this.bytesUpTo(FROM[far], event.other_offset || 0, "");
    this.bytesUpTo(FROM[side], event.offset, "");
    const found = this.ends.findIndex(end => end.side === side && end.end === kind + "_received");
    for (let before = found; before > 0; before--) this.nextEnd();
    const end = found >= 0 ? this.ends.shift() : undefined;
    const joined = end !== undefined && isJoined(end, this.ends[0], kind + "_sent");
    const passes = !held && (this.end ? joined : kind === "fin");
    if (kind === "rst") this.sent(FROM[far]);
    const arrows = [{from: LANES[side], to: PROXY, kind, label}];
    if (passes) {
      if (this.end) this.bytesBefore(this.ends.shift());
      arrows.push({from: PROXY, to: LANES[far], kind, label, late: this.isSlow(FROM[side])});
    }
    this.arrows(time, ...arrows);
    if (held) this.note("", PROXY, "lost", label + " held back");
  }
}

const placeOf = event => event.direction === undefined ? "" :
  " at byte " + count(event.offset) + " from the " + ROUTES[event.direction].source +
  (event.message ? ", message " + event.message + (event.kind ? " (" + event.kind + ")" : "") : "");

const HANDLERS = {
  open(story, event) {
    const server = {from: PROXY, to: SERVER, kind: "quiet", label: "connects"};
    story.opened = true;
    if (event === story.events[0])
      story.arrows(story.time(event), {from: CLIENT, to: PROXY, kind: "quiet", label: "connects"}, server);
    else story.arrows(story.time(event), server);
  },
  connect_failed(story, event) {
    story.arrows(story.time(event), {from: PROXY, to: SERVER, kind: "lost", label: "connects"});
    story.note("", PROXY, "rst", "no connection to " + event.address + ": " + (event.errno || event.reason));
  },
  message(story, event) {
    const direction = event.direction, time = story.time(event);
    story.bytesUpTo(direction, event.offset, "");
    story.bytesUpTo(direction, event.offset + event.size, time,
      (event.line || event.kind || "message " + event.number) + " · " + bytes(event.size));
  },
  framing_lost: (story, event) => story.note(story.time(event), PROXY, "quiet", "not the protocol" + placeOf(event)),
  fault_failed: (story, event) =>
    story.note(story.time(event), PROXY, "quiet", event.fault + ": refused by the kernel: " + event.errno),
  match_let_go: (story, event) =>
    story.note(story.time(event), PROXY, "quiet", event.fault + ": the beginning of a match is let go"),
  fault(story, event) {
    const time = story.time(event), name = event.fault === event.type ? event.fault : event.fault + ": " + event.type;
    story.bytesBeforeFault(event);
    story.note(time, PROXY, "fault", name + (story.opened ? placeOf(event) : ", before the server is dialled"));
    story.active.push(event);
    if (event.type === "inject") story.inserted(event.direction);
  },
  fault_over(story, event) {
    story.bytesBeforeFault(event);
    story.active = story.active.filter(f => f.fault !== event.fault || f.direction !== event.direction);
    story.note(story.time(event), PROXY, "fault", event.fault + " is over" + placeOf(event));
  },
  eof(story, event) { story.peerEnds(event, "fin"); },
  reset_seen(story, event) { story.peerEnds(event, "rst"); },
  cut: (story, event) => story.note("", PROXY, "quiet", "… " + count(event.count) + " events are not kept …"),
  closed(story, event) {
    story.remains();
    story.note(story.time(event), PROXY, "quiet", causeOf(event));
  },
  now(story, event) {
    story.remains();
    for (const direction in ROUTES) {
      const flow = event[direction];
      for (const fate of ["held", "dropped"])
        if (flow && flow[fate] > 0) story.note("", PROXY, "lost", bytes(flow[fate]) + " " + fate + ", " + direction);
    }
    story.note("", PROXY, "quiet", "still open");
  },
};

const CAUSES = {client_fin: "the client's FIN came first", client_rst: "the client's RST came first",
  server_fin: "the server's FIN came first", server_rst: "the server's RST came first",
  connect_failed: "the server could not be reached", stopped: "rudeproxy ended it on request",
  out_of_memory: "rudeproxy had no memory for it", none: "ended"};

export function causeOf(event) {
  return event.cause === "fault" ? "ended by the fault " + event.cause_fault : CAUSES[event.cause] || event.cause;
}

const SAW = {fin_received: "sent its FIN", rst_received: "sent a RST", fin_sent: "saw the end of the stream",
  rst_sent: "saw “connection reset”", vanished: "saw nothing: silence"};

// Says in words what the peer behind a socket saw. After its own RST it sees nothing more.
export function sawOf(side, end) {
  const record = end[side], lines = ["received " + bytes(record.bytes_out)];
  if (record.address === "") return ["saw no connection"];
  record.ended.forEach((mark, i) => {
    if (mark.endsWith("_received") || !record.ended.slice(0, i).includes("rst_received")) lines.push(SAW[mark]);
  });
  if (record.unacked > 0) lines.push(bytes(record.unacked) + " not acknowledged");
  return lines;
}
