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

import {CLIENT, LANES, PROXY, SERVER, Story, bytes, count, endOf, sawOf} from "./story.js";

const ROWS_MAX = 240; // a connection may have thousands of messages: the middle ones are counted

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

  // Interrupts the lifeline behind a label, whose last line has its base at y.
  clear(label, y) {
    const width = this.widthOf(label.lines) + 6, height = label.lines.length * LINE - 3;
    this.front.append(svg("rect", {x: label.x - width / 2, y: y - height + 3, width, height, fill: GROUND}));
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
        lift: arrow.kind === "lost" ? 11 : 6, // above the cross
        x: through && i === 0 ? this.lanes[PROXY] : (this.lanes[arrow.from] + this.lanes[arrow.to]) / 2};
    });
    const most = Math.max(...labels.map(label => label.lines.length));
    const y = top + most * LINE + Math.max(...labels.map(label => label.lift));
    labels.forEach((label, i) => {
      this.arrow(row.arrows[i], y);
      if (label.x === this.lanes[PROXY]) this.clear(label, y - label.lift);
      const weight = label.strong ? {"font-weight": 700} : {};
      this.text(label.x, y - label.lift - (label.lines.length - 1) * LINE, label.lines, weight);
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
