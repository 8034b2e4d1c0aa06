// SPDX-License-Identifier: MIT
//
// Calls of /v1 and the event stream. Each carries the page's token, which stands in the page, or the admin_token, which
// the user typed; that one is kept for this tab only. fetch() is used for events too, because EventSource sends no
// headers.

const pageToken = document.querySelector("meta[name=rudeproxy-token]").content;
const STORED = "rudeproxy-admin-token";
const RETRY_MS = 1000;

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

async function failureOf(answer) {
  const text = await answer.text();
  try {
    return new Failure(answer.status, JSON.parse(text).error);
  } catch {
    return new Failure(answer.status, text.trim() || "status " + answer.status);
  }
}

// path("proxies", "a/b", "faults") -> "/v1/proxies/a%2Fb/faults"
export const path = (...segments) => "/v1/" + segments.map(encodeURIComponent).join("/");

// Returns the answer's JSON, null if it has none. Throws a Failure.
export async function call(method, target, body) {
  let answer;
  try {
    answer = await fetch(target, {method, headers: headers(), cache: "no-store",
      body: body === undefined ? undefined : JSON.stringify(body)});
  } catch {
    throw new Failure(0, "rudeproxy does not answer");
  }
  if (!answer.ok) throw await failureOf(answer);
  const text = await answer.text();
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

async function readStream(answer, take) {
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const {value, done} = await reader.read();
    if (done) return;
    const blocks = (rest + value).split("\n\n");
    rest = blocks.pop();
    take(blocks.map(parse).filter(event => event !== null));
  }
}

// Follows the events for ever, from the oldest that is kept. `take` gets lists of {id, kind, data}; `onState` gets
// "live", or "lost" with the Failure.
export async function follow(take, onState) {
  let last = 0;
  for (;;) {
    let failure = new Failure(0, "rudeproxy does not answer");
    try {
      const answer = await fetch("/v1/events?after=" + last, {headers: headers(), cache: "no-store"});
      if (answer.ok) {
        onState("live");
        await readStream(answer, events => {
          if (events.length > 0) last = events[events.length - 1].id;
          take(events);
        });
      } else {
        failure = await failureOf(answer);
      }
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // fetch() and read() say so when a connection is lost
    }
    onState("lost", failure);
    if (failure.status === 401 || failure.status === 403) return;
    await new Promise(resolve => setTimeout(resolve, RETRY_MS));
  }
}
