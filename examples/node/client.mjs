// SPDX-License-Identifier: MIT
// Fetches a file with a timeout and three tries. Reading it twice does no harm: it keeps its promise.
const url = `http://${process.env.RUDEPROXY_WEB_ADDR}/bytes/1000`;
for (let attempt = 1; ; attempt++) {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(2000) });
    const body = await answer.text();
    if (body.length !== 1000) throw new Error(`${body.length} bytes instead of 1000`);
    console.log(body.length);
    break;
  } catch (error) {
    if (attempt === 3) throw error;
  }
}
