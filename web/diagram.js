// SPDX-License-Identifier: MIT
//
// Draws one connection as a sequence diagram: three lifelines (client, rudeproxy, server), time downwards.
//
// drawConnection(events, options) takes the events of one connection in their order, at least one, as the JSON log and
// the event stream have them, and returns an SVG element. A connection that is still open may end with one more
// object, {"event": "now"} with the members of GET /v1/proxies/P/connections/N.
//
// options.width: pixels, from 300; default 640. Colours come from the CSS variables --diagram-data, -fin, -rst,
// -fault, -quiet and -ground, which have defaults. Every text is set as text: bytes of a peer are never markup.
// There is no style attribute, so that a strict Content-Security-Policy allows the drawing.

const CLIENT = 0, PROXY = 1, SERVER = 2;
const LANES = {client: CLIENT, server: SERVER};
const ROUTES = {upstream: {source: "client", target: "server"}, downstream: {source: "server", target: "client"}};
const FROM = {client: "upstream", server: "downstream"}; // the direction whose bytes come from a side
const ENDINGS = new Set(["close", "reset", "unread", "vanish", "shut_rd", "timeout", "reset_peer", "limit_data"]);
const SLOWS = new Set(["latency", "bandwidth", "slice", "stall", "slicer", "lossy"]);
const HOLDS_FIN = new Set(["hold_fin", "slow_close"]);
const ROWS_MAX = 240; // a connection may have thousands of messages: the middle ones are counted

// --- What happened: rows ---------------------------------------------------------------------------------------

const count = n => n.toLocaleString("en");
const bytes = n => count(n) + (n === 1 ? " byte" : " bytes");
const endOf = events => events.findLast(e => e.event === "closed" || e.event === "now");
const other = side => side === "client" ? "server" : "client";

// Reads events one by one into rows: {time, arrows: [{from, to, kind, label}], note: {lane, kind, text}}.
class Story {
  constructor(events) {
    this.rows = [];
    this.end = endOf(events);
    this.closed = this.end !== undefined && this.end.event === "closed";
    this.start = Date.parse(events[0].time);
    this.drawn = {upstream: 0, downstream: 0};
    this.active = []; // lasting faults that have begun and are not over
    this.untimed = false;
    this.opened = false;
    this.showedUnread = false;
    this.showedInserted = new Set();
    this.overs = new Set(events.filter(e => e.event === "fault_over").map(e => e.fault));
    this.marks = {};
    for (const side of ["client", "server"]) this.marks[side] = this.end ? [...this.end[side].ended] : null;
    for (const event of events) {
      const handler = HANDLERS[event.event];
      if (handler === undefined) continue;
      if (event === events[0] && event.event !== "open")
        this.arrows("", {from: CLIENT, to: PROXY, kind: "quiet", label: "connects"});
      handler(this, event);
    }
  }

  // Text of a moment since the first event; microseconds, which Date.parse() drops, are read from the text.
  time(event) {
    if (event.time === undefined) return "";
    const micros = text => Number((/\.\d{3}(\d{3})Z$/.exec(text) || [0, 0])[1]);
    const passed = (Date.parse(event.time) - this.start) * 1000 + micros(event.time) - micros(this.first || event.time);
    this.first = this.first || event.time;
    return passed < 1e6 ? (passed / 1000).toFixed(passed < 1e4 ? 2 : 1) + " ms" : (passed / 1e6).toFixed(2) + " s";
  }

  arrows(time, ...arrows) { this.rows.push({time, arrows}); }
  note(time, lane, kind, text) { this.rows.push({time, arrows: [], note: {lane, kind, text}}); }

  // Bytes that reached the far socket; Infinity: not known.
  forwarded(direction) { return this.end ? this.end[ROUTES[direction].target].bytes_out : Infinity; }

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

  // Draws what a direction moved in all, and bytes that nobody sent.
  restOf(direction) {
    if (!this.end) return;
    this.bytesUpTo(direction, this.end[ROUTES[direction].source].bytes_in, "");
    this.inserted(direction);
  }

  // Draws bytes that nobody sent: those that the target got beyond those that the source sent.
  inserted(direction) {
    const {source, target} = ROUTES[direction];
    const count = this.end ? this.end[target].bytes_out - this.end[source].bytes_in : 0;
    if (count <= 0 || this.showedInserted.has(direction)) return;
    this.showedInserted.add(direction);
    this.arrows("", {from: PROXY, to: LANES[target], kind: "fault", label: bytes(count) + " inserted"});
  }

  // Draws a fault that ends the connection: what was forwarded before it, what was not, and what it sent.
  endBy(time, text) {
    for (const direction in ROUTES) {
      const read = this.end[ROUTES[direction].source].bytes_in;
      this.bytesUpTo(direction, Math.min(read, this.forwarded(direction)), "");
    }
    this.note(time, PROXY, "fault", text);
    for (const direction in ROUTES) this.restOf(direction);
    this.unread();
    this.drawSentMarks("");
  }

  // Whether the connection ended because of a fault, and with this event.
  isEnding(event) {
    return ENDINGS.has(event.type) && this.closed && this.end.cause_fault === event.fault &&
      (event.event === "fault_over" || !this.overs.has(event.fault));
  }

  // Takes marks from the front of a side while `takes` says so, and draws them.
  drawMarks(side, time, takes) {
    const marks = this.marks[side], lane = LANES[side];
    while (marks !== null && marks.length > 0 && takes(marks[0])) {
      const mark = marks.shift(), kind = mark.slice(0, 3), label = kind.toUpperCase();
      if (mark === "vanished") this.note(time, lane, "rst", "the socket vanishes without FIN or RST");
      else if (mark.endsWith("_sent")) this.arrows(time, {from: PROXY, to: lane, kind, label});
      else this.arrows(time, {from: lane, to: PROXY, kind, label});
    }
  }

  // Draws what rudeproxy did to both sockets at once: the first mark of each in one row, where that is the same.
  drawSentMarks(time) {
    const sent = mark => mark !== undefined && !mark.endsWith("_received");
    const {client, server} = this.marks;
    if (client !== null && sent(client[0]) && client[0].endsWith("_sent") && client[0] === server[0]) {
      const kind = client.shift().slice(0, 3), label = kind.toUpperCase();
      server.shift();
      this.arrows(time, {from: PROXY, to: CLIENT, kind, label}, {from: PROXY, to: SERVER, kind, label});
    }
    for (const side in LANES) this.drawMarks(side, time, sent);
  }

  // The side that got the FIN of a half_close: the event does not name it.
  halfClosed(event) {
    const {source, target} = ROUTES[event.direction], marks = this.marks[target];
    return marks === null || marks[0] === "fin_sent" ? target : source;
  }

  // Draws what was left unread in the sockets when they were closed.
  unread() {
    if (!this.closed || this.showedUnread) return;
    this.showedUnread = true;
    for (const side in LANES) {
      if (this.end[side].unread === 0) continue;
      this.rows.push({time: "", arrows: [{from: LANES[side], to: PROXY, kind: "lost",
        label: bytes(this.end[side].unread) + " left unread"}]});
    }
  }

  // A FIN or RST from `side`, and the same towards the other side if that comes next there.
  peerEnds(event, kind) {
    const side = event.side, far = other(side), time = this.time(event);
    this.bytesUpTo(FROM[side], event.offset, "");
    this.drawMarks(side, time, mark => !mark.endsWith("_received"));
    if (this.marks[side] !== null) this.marks[side].shift();
    const label = kind.toUpperCase();
    const arrows = [{from: LANES[side], to: PROXY, kind, label}];
    const far_marks = this.marks[far];
    const held = this.active.some(fault => HOLDS_FIN.has(fault.type) && fault.direction === FROM[side]);
    if (!held && (far_marks === null ? kind === "fin" : far_marks[0] === kind + "_sent")) {
      if (far_marks !== null) far_marks.shift();
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
    const time = story.time(event);
    story.opened = true;
    story.arrows(time, {from: CLIENT, to: PROXY, kind: "quiet", label: "connects"},
      {from: PROXY, to: SERVER, kind: "quiet", label: "connects"});
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
  match_let_go: (story, event) =>
    story.note(story.time(event), PROXY, "quiet", event.fault + ": the beginning of a match is let go"),
  fault(story, event) {
    if (event.direction !== undefined) story.bytesUpTo(event.direction, event.offset, "");
    const time = story.time(event), name = event.fault === event.type ? event.fault : event.fault + ": " + event.type;
    const text = name + (story.opened ? placeOf(event) : ", before the server is dialled");
    if (story.isEnding(event)) return story.endBy(time, text);
    story.note(time, PROXY, "fault", text);
    story.active.push(event);
    if (event.type === "inject") story.inserted(event.direction);
    if (event.type === "half_close") story.drawMarks(story.halfClosed(event), "", mark => mark === "fin_sent");
  },
  fault_over(story, event) {
    const time = story.time(event), text = event.fault + " is over" + placeOf(event);
    if (event.direction !== undefined) story.bytesUpTo(event.direction, event.offset, "");
    story.active = story.active.filter(f => f.fault !== event.fault || f.direction !== event.direction);
    if (story.isEnding(event)) return story.endBy(time, text);
    story.note(time, PROXY, "fault", text);
    if (HOLDS_FIN.has(event.type))
      story.drawMarks(ROUTES[event.direction].target, "", mark => mark === "fin_sent");
  },
  eof(story, event) { story.peerEnds(event, "fin"); },
  reset_seen(story, event) { story.peerEnds(event, "rst"); },
  closed(story, event) {
    const time = story.time(event);
    for (const direction in ROUTES) story.restOf(direction);
    story.unread();
    story.drawSentMarks(time);
    for (const side in LANES) story.drawMarks(side, time, () => true);
    story.note(time, PROXY, "quiet", causeOf(event));
  },
  now(story, event) {
    for (const direction in ROUTES) story.restOf(direction);
    for (const side in LANES) story.drawMarks(side, "", () => true);
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

function causeOf(event) {
  return event.cause === "fault" ? "ended by the fault " + event.cause_fault : CAUSES[event.cause] || event.cause;
}

const SAW = {fin_received: "sent its FIN", rst_received: "sent a RST", fin_sent: "saw the end of the stream",
  rst_sent: "saw “connection reset”", vanished: "saw nothing: silence"};

// Says in words what the peer behind a socket saw. After its own RST it sees nothing more.
function sawOf(side, end) {
  const record = end[side], lines = ["received " + bytes(record.bytes_out)];
  if (record.address === "") return ["saw no connection"];
  record.ended.forEach((mark, i) => {
    if (mark.endsWith("_received") || !record.ended.slice(0, i).includes("rst_received")) lines.push(SAW[mark]);
  });
  if (record.unacked > 0) lines.push(bytes(record.unacked) + " not acknowledged");
  return lines;
}

function fold(rows) {
  if (rows.length <= ROWS_MAX) return rows;
  const half = ROWS_MAX / 2, hidden = rows.length - ROWS_MAX;
  return [...rows.slice(0, half),
    {time: "", arrows: [], note: {lane: PROXY, kind: "quiet", text: "… " + count(hidden) + " more rows …"}},
    ...rows.slice(rows.length - half)];
}

// --- The picture ------------------------------------------------------------------------------------------------

const COLOURS = {data: "var(--diagram-data, #2f7bd1)",
  fin: "var(--diagram-fin, #1a9a6c)", rst: "var(--diagram-rst, #d9363e)", fault: "var(--diagram-fault, #b35c00)",
  lost: "var(--diagram-rst, #d9363e)", quiet: "var(--diagram-quiet, #7d8590)"};
const GROUND = "var(--diagram-ground, Canvas)";
const LINE = 16; // pixels from one line of text to the next
const GLYPH = 0.61; // width of a character of a monospaced font, in its size

function svg(name, attributes, text) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const key in attributes) made.setAttribute(key, attributes[key]);
  if (text !== undefined) made.textContent = text;
  return made;
}

// Cuts text into lines of at most `most` characters; words that are longer are cut.
function wrap(text, most) {
  const lines = [];
  let line = "";
  for (let word of text.split(" ")) {
    while (word.length > most) {
      if (line !== "") lines.push(line);
      line = "";
      lines.push(word.slice(0, most));
      word = word.slice(most);
    }
    if (line !== "" && line.length + 1 + word.length > most) { lines.push(line); line = word; }
    else line += (line === "" ? "" : " ") + word;
  }
  if (line !== "") lines.push(line);
  return lines;
}

class Picture {
  constructor(width) {
    this.width = Math.max(300, width);
    this.font = this.width < 500 ? 11 : 13;
    this.times = this.width < 500 ? 52 : 76; // room for the times
    const edge = this.width < 500 ? 38 : 70;
    this.lanes = [this.times + edge, 0, this.width - edge];
    this.lanes[PROXY] = (this.lanes[CLIENT] + this.lanes[SERVER]) / 2;
    this.step = this.lanes[PROXY] - this.lanes[CLIENT];
    this.lines = svg("g"), this.front = svg("g");
    this.y = 0;
  }

  wrap(text, width) { return wrap(text, Math.max(6, Math.floor(width / (this.font * GLYPH)))); }
  widthOf(lines) { return Math.max(...lines.map(line => line.length)) * this.font * GLYPH; }

  // Lines of text around x; y is the base of the first. A halo in the ground's colour keeps them readable on lines.
  text(x, y, lines, attributes) {
    lines.forEach((line, i) => this.front.append(svg("text", {x, y: y + i * LINE, "text-anchor": "middle",
      fill: "currentColor", stroke: GROUND, "stroke-width": 4, "stroke-linejoin": "round", "paint-order": "stroke",
      ...attributes}, line)));
  }

  arrow(arrow, y) {
    const sign = arrow.to > arrow.from ? 1 : -1, lost = arrow.kind === "lost", colour = COLOURS[arrow.kind];
    const x1 = this.lanes[arrow.from] + 3 * sign, x2 = this.lanes[arrow.to] - (lost ? this.step / 2 : 3) * sign;
    const dashed = lost || arrow.late || arrow.kind === "quiet";
    this.front.append(svg("line", {x1, y1: y, x2: x2 - 6 * sign, y2: y, stroke: colour,
      "stroke-width": arrow.kind === "quiet" ? 1.2 : 2, ...(dashed ? {"stroke-dasharray": "5 4"} : {})}));
    this.front.append(lost ?
      svg("path", {d: `M${x2 - 5} ${y - 5}l10 10m0 -10l-10 10`, stroke: colour, "stroke-width": 2, fill: "none"}) :
      svg("path", {d: `M${x2} ${y}l${-9 * sign} -4.5v9z`, fill: colour}));
  }

  row(row) {
    const top = this.y;
    if (row.time !== "") {
      this.front.append(svg("text", {x: 2, y: top + LINE, fill: COLOURS.quiet, "font-size": this.font - 1}, row.time));
    }
    if (row.note !== undefined) this.box(row.note, top);
    else this.arrowRow(row, top);
  }

  arrowRow(row, top) {
    const through = row.arrows[0].through === true;
    const labels = row.arrows.map((arrow, i) => {
      const width = through && i === 0 ? 2 * this.step - 24 : this.step - 14;
      return {lines: this.wrap(arrow.label, width), strong: arrow.kind === "fin" || arrow.kind === "rst",
        x: through && i === 0 ? this.lanes[PROXY] : (this.lanes[arrow.from] + this.lanes[arrow.to]) / 2};
    });
    const most = Math.max(...labels.map(label => label.lines.length)), y = top + most * LINE + 6;
    labels.forEach((label, i) => {
      this.arrow(row.arrows[i], y);
      const weight = label.strong ? {"font-weight": 700} : {};
      this.text(label.x, y - 6 - (label.lines.length - 1) * LINE, label.lines, weight);
    });
    this.y = y + 12;
  }

  // A note on a lifeline. Those of faults are filled: they are what a reader looks for first.
  box(note, top) {
    const most = note.lane === PROXY ? Math.min(this.step * 1.6, 330) : this.step * 0.9;
    const lines = this.wrap(note.text, most - 16);
    const width = this.widthOf(lines) * (note.kind === "fault" ? 1.05 : 1) + 16, height = lines.length * LINE + 8;
    const half = width / 2, x = Math.min(Math.max(this.lanes[note.lane], half + 2), this.width - half - 2);
    const fault = note.kind === "fault", colour = COLOURS[note.kind];
    this.front.append(svg("rect", {x: x - half, y: top + 2, width, height, rx: 5, fill: fault ? colour : GROUND,
      stroke: colour, "stroke-width": 1.4, ...(note.kind === "lost" ? {"stroke-dasharray": "4 3"} : {})}));
    this.text(x, top + LINE + 2, lines, fault ? {fill: "#fff", stroke: "none", "font-weight": 600} : {stroke: "none"});
    this.y = top + height + 10;
  }

  // Names and addresses of the lifelines.
  head(events) {
    const open = events.find(e => e.event === "open"), end = endOf(events);
    const address = side => (open && open[side]) || (end && end[side].address) || "";
    const names = [["client", address("client")], ["rudeproxy", events[0].proxy], ["server", address("server")]];
    let most = 1;
    names.forEach(([name, under], lane) => {
      const width = lane === PROXY ? this.step - 8 : Math.min(this.step, 2 * this.lanes[CLIENT]) - 8;
      const fits = this.widthOf([under]) <= width, port = under.lastIndexOf(":");
      const lines = fits || port < 1 ? this.wrap(under, width) : [under.slice(0, port), under.slice(port)];
      const x = Math.min(this.lanes[lane], this.width - 3 - Math.min(width, this.widthOf(lines)) / 2);
      this.text(x, 14, [name], {"font-weight": 700});
      this.text(x, 14 + LINE, lines, {fill: COLOURS.quiet});
      most = Math.max(most, lines.length + 1);
    });
    this.y = most * LINE + 10;
    this.top = this.y - 4;
  }

  foot(story) {
    const bottom = this.y;
    for (const x of this.lanes)
      this.lines.append(svg("path", {d: `M${x} ${this.top}V${bottom}`, stroke: COLOURS.quiet, "stroke-width": 1.5}));
    const heights = story.closed ? Object.keys(LANES).map(side => this.sawBy(side, story.end, bottom)) : [0];
    this.y = bottom + 2 + Math.max(...heights);
    if (!story.untimed) return;
    const lines = this.wrap("Where no time stands, the log does not say when the bytes passed.", this.width - 10);
    this.text(this.width / 2, this.y + LINE, lines, {fill: COLOURS.quiet});
    this.y += lines.length * LINE + 8;
  }

  // Writes what the peer of a side saw, at the left or right edge. Returns the height.
  sawBy(side, end, y) {
    const lines = sawOf(side, end).flatMap(line => this.wrap(line, this.width / 2 - 14));
    const x = side === "client" ? 4 : this.width - 4, place = {"text-anchor": side === "client" ? "start" : "end"};
    this.text(x, y + LINE + 2, ["the " + side], {...place, "font-weight": 700});
    this.text(x, y + 2 * LINE + 2, lines, place);
    return (lines.length + 1) * LINE + 6;
  }
}

// Each row in words, for those who cannot see the picture.
function wordsOf(row) {
  const names = ["client", "rudeproxy", "server"];
  const words = row.note !== undefined ? row.note.text :
    row.arrows.map(({label, kind, from, to}) => (label || (kind === "lost" ? "nothing" : "the same")) +
      " from " + names[from] + " to " + names[to]).join(", ");
  return (row.time !== "" ? row.time + ": " : "") + words;
}

export function drawConnection(events, options = {}) {
  const story = new Story(events), rows = fold(story.rows), picture = new Picture(options.width || 640);
  picture.head(events);
  for (const row of rows) picture.row(row);
  picture.foot(story);
  const height = Math.ceil(picture.y), first = events[0] || {};
  const drawing = svg("svg", {viewBox: `0 0 ${picture.width} ${height}`, width: picture.width, height, role: "img",
    "font-family": "ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace", "font-size": picture.font});
  drawing.append(svg("title", {}, "Connection " + first.connection + " of " + first.proxy),
    svg("desc", {}, rows.map(wordsOf).join("\n")), picture.lines, picture.front);
  return drawing;
}
