// SPDX-License-Identifier: MIT
//
// Elements of the page. Text becomes a text node: nothing that a peer or a user sent is ever markup.

// make("button", {class: "end", onclick: f}, "text", child): members that are functions become listeners, false and
// undefined leave the attribute out.
export function make(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(key.slice(2), value);
    else if (value !== false && value !== undefined) made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.filter(child => child !== undefined && child !== null));
  return made;
}

// Sets a text only where it changed, so that nothing is laid out again for nothing.
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export function setHidden(element, hidden) {
  if (element.hidden !== hidden) element.hidden = hidden;
}

const UNITS = ["B", "kB", "MB", "GB", "TB"];

// 12345 -> "12.3 kB"
export function sizeText(bytes) {
  let unit = 0, size = bytes;
  for (; size >= 1000 && unit < UNITS.length - 1; unit++) size /= 1000;
  return (unit === 0 ? size : size.toFixed(size < 10 ? 1 : 0)) + " " + UNITS[unit];
}

// 1234567 µs -> "1.23 s"
export function durationText(us) {
  if (us < 1000) return Math.round(us) + " µs";
  if (us < 1e6) return (us / 1000).toFixed(us < 1e4 ? 1 : 0) + " ms";
  if (us < 6e7) return (us / 1e6).toFixed(1) + " s";
  const minutes = Math.floor(us / 6e7);
  return minutes < 60 ? minutes + " min " + Math.floor(us / 1e6 % 60) + " s" :
    Math.floor(minutes / 60) + " h " + minutes % 60 + " min";
}

// Calls `draw` once before the next frame, however often it is asked for.
export function perFrame(draw) {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => { asked = false; draw(); });
  };
}
