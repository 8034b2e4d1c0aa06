#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The page in a real browser: Chromium without a screen, driven by puppeteer-core.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
browser_ready

here=$(cd "$(dirname "$0")" && pwd)
api_start </dev/null
open_api=$api
servers+=("$proxy_pid") # two at once
proxy_pid=
proxy_start 'admin = 127.0.0.1:0' 'admin_token = sesame-open-7' </dev/null
expect 0 node "$here/api_page_browser.mjs" "$puppeteer" "$chromium" \
    "http://$open_api" "http://$(proxy_address @admin)"
cat "$work/out"
