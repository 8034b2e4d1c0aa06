// SPDX-License-Identifier: MIT
// Fetches a file with a timeout and three tries. Reading it twice does no harm: it keeps its promise.
const url = `http://${process.env.RUDEPROXY_WEB_ADDR}/bytes/1000`;

// Not AbortSignal.timeout(): its timer does not keep the process alive. A sweep found that Node 20 then ends with status
// 13 where the connection is closed before the request, because fetch() never settles.
async function get() {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), 2000);
  try {
    const answer = await fetch(url, { signal: abort.signal });
    const body = await answer.text();
    if (body.length !== 1000) throw new Error(`${body.length} bytes instead of 1000`);
    return body.length;
  } finally {
    clearTimeout(timer);
  }
}

for (let attempt = 1; ; attempt++) {
  try {
    console.log(await get());
    break;
  } catch (error) {
    if (attempt === 3) throw error;
  }
}
