// SPDX-License-Identifier: MIT
//
// The bytes of messages that a proxy with `capture` keeps, as text: sixteen in a line, hexadecimal and as characters.

const LINE = 16;
const MESSAGES_MAX = 200; // of one connection: the newest

// "4745540a" -> ["000000  47 45 54 0a   GET."]
function dump(digits) {
  const pairs = digits.match(/../g) || [], lines = [];
  for (let at = 0; at < pairs.length; at += LINE) {
    const line = pairs.slice(at, at + LINE), codes = line.map(pair => parseInt(pair, 16));
    const text = codes.map(code => code >= 0x20 && code < 0x7f ? String.fromCharCode(code) : ".").join("");
    lines.push(at.toString(16).padStart(6, "0") + "  " + line.join(" ").padEnd(3 * LINE) + "  " + text);
  }
  return lines;
}

// The text of all messages among the events; "" if no bytes were kept.
export function payloadText(events) {
  const kept = events.filter(event => event.event === "message" && event.bytes !== undefined);
  return kept.slice(-MESSAGES_MAX).map(({direction, number, kind, size, bytes}) => {
    const shown = bytes.length / 2, rest = shown < size ? ", the first " + shown + " of " + size + " bytes" : "";
    const head = (direction === "upstream" ? "client → server" : "server → client") + ", message " + number;
    return [head + (kind ? " (" + kind + ")" : "") + rest, ...dump(bytes)].join("\n");
  }).join("\n\n");
}
