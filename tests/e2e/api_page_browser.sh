#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The page in a real browser: Chromium without a screen, driven by puppeteer-core.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
need node npm

here=$(cd "$(dirname "$0")" && pwd)
major=$(node -p 'process.versions.node.split(".")[0]')
[ "$major" -ge 18 ] || skip "node $major is too old, puppeteer-core needs 18"
chromium=$(command -v chromium || command -v chromium-browser || command -v google-chrome) ||
    skip "chromium is not installed"
timeout -k 5 90 npm install --prefix "$work/npm" --prefer-offline --no-audit --no-fund --ignore-scripts \
    puppeteer-core@24.43.1 >"$work/npm.log" 2>&1 </dev/null ||
    skip "npm cannot install puppeteer-core: $(tail -n 1 "$work/npm.log")"

api_start </dev/null
open_api=$api
servers+=("$proxy_pid") # two at once
proxy_pid=
proxy_start 'admin = 127.0.0.1:0' 'admin_token = sesame-open-7' </dev/null
export HOME=$work # Chromium's folders
expect 0 node "$here/api_page_browser.mjs" "$work/npm/node_modules/puppeteer-core" "$chromium" \
    "http://$open_api" "http://$(proxy_address @admin)"
cat "$work/out"
