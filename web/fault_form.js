// SPDX-License-Identifier: MIT
//
// Forms in a dialog. Each field is a key of the API: its name, what may stand there, its default and what it means. A
// fault's keys come from GET /v1/faults/catalogue, so a new type or key needs no line here. Errors of the server
// ("when: ...; chance: ...") are shown at the keys they name.

import {make, setHidden} from "./element.js";
import {call} from "./api.js";

let fields = 0; // for ids

class Field {
  constructor({key, form, default: usual, help, required}, value) {
    const id = "field-" + ++fields, words = choices(form);
    this.key = key;
    this.input = words === null ?
      make("input", {id, name: key, type: "text", placeholder: usual || "", spellcheck: "false", autocomplete: "off"}) :
      make("select", {id, name: key}, make("option", {value: ""}, usual ? usual + " (default)" : "not set"),
        ...words.filter(word => word !== usual).map(word => make("option", {value: word}, word)));
    this.input.value = value === usual && words !== null ? "" : value;
    this.before = this.input.value.trim();
    this.error = make("p", {class: "error", id: id + "-error", hidden: true});
    this.input.setAttribute("aria-describedby", id + "-help " + id + "-error");
    this.element = make("div", {class: "field"},
      make("label", {for: id}, key, required ? make("span", {class: "required"}, " needed") : null), this.input,
      this.error,
      make("p", {class: "help", id: id + "-help"}, help + (words === null && form ? ". Write " + form : "")));
  }

  // undefined: the key stays as it is; null: back to its default.
  get value() {
    const text = this.input.value.trim();
    if (text === this.before) return undefined;
    return text === "" ? null : text;
  }

  showError(text) {
    this.error.textContent = text;
    setHidden(this.error, text === "");
    this.input.setAttribute("aria-invalid", text !== "");
    const more = this.element.closest("details");
    if (text !== "" && more !== null) more.open = true;
  }
}

// "graceful or plain" -> ["graceful", "plain"]; null: not a list of words.
function choices(form) {
  return /^[a-z_]+(, [a-z_]+)* or [a-z_]+$/.test(form || "") ? form.split(/, | or /) : null;
}

// "when: 'x' is not a trigger; chance: no unit" -> [["when", "'x' is not a trigger"], ...]
export function errorsOf(text, keys) {
  const found = [];
  for (const part of text.split("; ")) {
    const colon = part.indexOf(": "), key = part.slice(0, Math.max(colon, 0));
    if (keys.includes(key)) found.push([key, part.slice(colon + 2)]);
    else if (found.length > 0) found[found.length - 1][1] += "; " + part;
    else found.push(["", part]);
  }
  return found;
}

// A dialog with fields. `send` gets an object of the values that were set or changed, and may throw a Failure.
export class FormDialog {
  constructor(title, button, send) {
    this.send = send;
    this.fields = [];
    this.error = make("p", {class: "error", role: "alert", hidden: true});
    this.body = make("div", {class: "fields"});
    this.dialog = make("dialog", {"aria-labelledby": "dialog-title", onclose: () => this.dialog.remove()},
      make("form", {method: "dialog", novalidate: true, onsubmit: event => this.submit(event)},
        make("h2", {id: "dialog-title"}, title), this.error, this.body,
        make("div", {class: "buttons"}, make("button", {type: "submit", class: "main"}, button),
          make("button", {type: "button", onclick: () => this.dialog.close()}, "Cancel"))));
  }

  add(parent, key, value = "") {
    const field = new Field(key, value);
    this.fields.push(field);
    parent.append(field.element);
  }

  open() {
    document.body.append(this.dialog);
    this.dialog.showModal();
  }

  values() {
    const values = {};
    for (const field of this.fields) if (field.value !== undefined) values[field.key] = field.value;
    return values;
  }

  async submit(event) {
    event.preventDefault();
    this.showErrors("");
    try {
      await this.send(this.values());
      this.dialog.close();
    } catch (failure) {
      this.showErrors(failure.message);
    }
  }

  showErrors(text) {
    const errors = text === "" ? [] : errorsOf(text, this.fields.map(field => field.key));
    const general = errors.filter(([key]) => key === "").map(([, words]) => words).join("; ");
    this.error.textContent = general;
    setHidden(this.error, general === "");
    for (const field of this.fields)
      field.showError(errors.filter(([key]) => key === field.key).map(([, words]) => words).join("; "));
    const first = this.fields.find(field => field.input.getAttribute("aria-invalid") === "true");
    if (first !== undefined) first.input.focus();
  }
}

let catalogue = null;

async function readCatalogue() {
  catalogue = catalogue || await call("GET", "/v1/faults/catalogue");
  return catalogue;
}

const NAME = {key: "name", form: "", default: "the type", help: "unique within the proxy"};
const FIRST = ["when", "direction", "side", "chance"]; // keys that most faults need
const NOT_HERE = ["proxy", "type", "enabled"];

function typeSelect(types, chosen, onChange) {
  const groups = new Map();
  for (const type of types) {
    if (!groups.has(type.group)) groups.set(type.group, make("optgroup", {label: type.group}));
    groups.get(type.group).append(make("option", {value: type.type, selected: type.type === chosen}, type.type));
  }
  return make("select", {id: "fault-type", name: "type", onchange: onChange}, ...groups.values());
}

// A form for a fault. `before`: the fault that is changed, as the API shows it; null for a new one.
export async function openFaultForm(title, button, before, send) {
  const {types, envelope} = await readCatalogue();
  const dialog = new FormDialog(title, button, values => send(before ? values : {type: select.value, ...values}));
  const valueOf = key => before && before[key] !== undefined && before[key] !== null ? wordsOf(before[key]) : "";
  const select = typeSelect(types, before ? before.type : "reset", () => fill());
  const summary = make("p", {class: "help", id: "fault-type-help"}), keys = make("div");
  select.setAttribute("aria-describedby", "fault-type-help");
  select.disabled = before !== null;
  const fill = () => {
    const type = types.find(entry => entry.type === select.value);
    const common = envelope.keys.map(key => ({...key, default: type.defaults[key.key] || key.default}));
    const more = make("details", {}, make("summary", {}, "More keys"));
    summary.textContent = type.summary;
    dialog.fields = [];
    keys.replaceChildren();
    if (before === null) dialog.add(keys, {...NAME, default: type.type});
    for (const key of type.keys) dialog.add(keys, key, valueOf(key.key));
    for (const name of FIRST) dialog.add(keys, common.find(key => key.key === name), valueOf(name));
    for (const key of common)
      if (!FIRST.includes(key.key) && !NOT_HERE.includes(key.key)) dialog.add(more, key, valueOf(key.key));
    keys.append(more);
  };
  dialog.body.append(make("div", {class: "field"}, make("label", {for: "fault-type"}, "type"), select, summary), keys);
  fill();
  dialog.open();
}

// A value of the API as the words of a file.
function wordsOf(value) {
  return value === true ? "yes" : value === false ? "no" : Array.isArray(value) ? value.join(", ") : String(value);
}

const PROXY_KEYS = [
  {key: "name", form: "letters, digits, - _ and .", help: "what the proxy is called", required: true},
  {key: "listen", form: "an address such as 127.0.0.1:8080; port 0: the kernel chooses", default: "127.0.0.1:0",
    help: "where clients connect to", required: true},
  {key: "upstream", form: "an address such as db.example:5432, or builtin:echo or builtin:http",
    help: "the server behind it", required: true},
  {key: "protocol", form: "raw, http, redis, postgres... (docs/MANUAL.md has all)", default: "raw",
    help: "with it the diagram shows messages, and faults can wait for one"},
];

export function openProxyForm(send) {
  const dialog = new FormDialog("New proxy", "Create the proxy", send);
  for (const key of PROXY_KEYS) dialog.add(dialog.body, key, key.key === "listen" ? "127.0.0.1:0" : "");
  dialog.fields.find(field => field.key === "listen").before = "";
  dialog.open();
}
