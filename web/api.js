// SPDX-License-Identifier: MIT
//
// Calls of /v1 and the event stream. Each carries the page's token, which stands in the page, or the admin_token, which
// the user typed; that one is kept for this tab only. fetch() is used for events too, because EventSource sends no
// headers.

const pageToken = document.querySelector("meta[name=rudeproxy-token]").content;
const STORED = "rudeproxy-admin-token";
const RETRY_MS = 1000;
const SILENCE_MS = 30000; // the event stream has a comment every 15 s at least

export class Failure extends Error {
  constructor(status, text) {
    super(text);
    this.status = status;
  }
}

export const needsLogin = () => pageToken === "" && sessionStorage.getItem(STORED) === null;
export const usesLogin = () => pageToken === "";
export const login = token => sessionStorage.setItem(STORED, token);
export const logout = () => sessionStorage.removeItem(STORED);

function headers() {
  return pageToken !== "" ? {"X-Rudeproxy-Page": pageToken} :
    {"Authorization": "Bearer " + sessionStorage.getItem(STORED)};
}

function failureOf(answer, text) {
  try {
    return new Failure(answer.status, JSON.parse(text).error);
  } catch {
    return new Failure(answer.status, text.trim() || "status " + answer.status);
  }
}

// path("proxies", "a/b", "faults") -> "/v1/proxies/a%2Fb/faults"
export const path = (...segments) => "/v1/" + segments.map(encodeURIComponent).join("/");

// Aborts a request for which nothing has come for SILENCE_MS.
class Watch {
  constructor() {
    this.controller = new AbortController();
    this.renew();
  }

  renew() {
    this.stop();
    this.timer = setTimeout(() => this.controller.abort(), SILENCE_MS);
  }

  stop() { clearTimeout(this.timer); }
}

// Returns the answer's JSON, null if it has none. Throws a Failure.
export async function call(method, target, body) {
  const watch = new Watch();
  let answer, text;
  try {
    answer = await fetch(target, {method, headers: headers(), cache: "no-store", signal: watch.controller.signal,
      body: body === undefined ? undefined : JSON.stringify(body)});
    text = await answer.text();
  } catch {
    throw new Failure(0, "rudeproxy does not answer");
  } finally {
    watch.stop();
  }
  if (!answer.ok) throw failureOf(answer, text);
  return text === "" ? null : JSON.parse(text);
}

// One event of the stream: "id: 7\nevent: open\ndata: {...}". Null: a comment.
function parse(block) {
  const fields = {};
  for (const line of block.split("\n")) {
    const colon = line.indexOf(": ");
    if (colon > 0) fields[line.slice(0, colon)] = line.slice(colon + 2);
  }
  return fields.data === undefined ? null : {id: Number(fields.id), kind: fields.event, data: JSON.parse(fields.data)};
}

async function readStream(answer, watch, take) {
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const {value, done} = await reader.read();
    if (done) return;
    watch.renew();
    const blocks = (rest + value).split("\n\n");
    rest = blocks.pop();
    take(blocks.map(parse).filter(event => event !== null));
  }
}

// fetch() and read() throw a TypeError when a connection is lost, and an AbortError when it was silent.
const isLost = error => error instanceof TypeError || error.name === "AbortError";

// Follows the events for ever, from the oldest that is kept. `take` gets lists of {id, kind, data}, none empty; `onRun`
// is called before the first events of a run of rudeproxy: ids, serials and connections begin anew; `onState` gets
// "live", or "lost" with the Failure.
export async function follow(take, onRun, onState) {
  let last = 0, run = "";
  for (;;) {
    let failure = new Failure(0, "rudeproxy does not answer");
    const watch = new Watch();
    try {
      const answer = await fetch("/v1/events?after=" + last + "&run=" + run,
        {headers: headers(), cache: "no-store", signal: watch.controller.signal});
      if (answer.ok) {
        if (answer.headers.get("X-Rudeproxy-Run") !== run) {
          run = answer.headers.get("X-Rudeproxy-Run");
          last = 0;
          onRun();
        }
        onState("live");
        await readStream(answer, watch, events => {
          if (events.length === 0) return; // a piece of the stream without a whole event
          last = events[events.length - 1].id;
          take(events);
        });
      } else {
        failure = failureOf(answer, await answer.text());
      }
    } catch (error) {
      if (!isLost(error)) throw error;
    } finally {
      watch.stop();
    }
    onState("lost", failure);
    if (failure.status === 401 || failure.status === 403) return;
    await new Promise(resolve => setTimeout(resolve, RETRY_MS));
  }
}
