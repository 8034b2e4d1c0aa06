#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The HTML page of a sweep in a real browser: Chromium without a screen, driven by puppeteer-core.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
need curl
browser_ready

cat >"$work/web.ini" <<'INI'
[proxy web]
listen   = 127.0.0.1:0
upstream = builtin:http
protocol = http
INI
# What the command prints must never become part of the page.
# shellcheck disable=SC2016 # expanded by the shell that the sweep runs
expect 4 "$RUDEPROXY" sweep -c "$work/web.ini" --seed 1 --budget 30 --expect same --html "$work/map.html" \
    --sweep-fault 'close side=client' --sweep-fault reset -- sh -c \
    'echo "</script><script>window.pwned=1</script><img src=x onerror=window.pwned=2>"
     curl -q -sS --noproxy "*" --max-time 20 "http://$RUDEPROXY_WEB_ADDR/bytes/1000"'
expect 0 node "$(dirname "$0")/sweep_page.mjs" "$puppeteer" "$chromium" "file://$work/map.html" \
    "${SCREENSHOTS-$work}"
cat "$work/out"
