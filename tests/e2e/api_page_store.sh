#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# What the page keeps of connections (web/store.js), makes of their events (web/story.js) and shows of their bytes
# (web/payload.js), and how it follows the event stream (web/api.js), without a browser.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
need node

here=$(cd "$(dirname "$0")" && pwd)
for module in store payload story api; do
    cp "$here/../../web/$module.js" "$work/$module.mjs" # node takes modules by this name
done
expect 0 node "$here/api_page_store.mjs" "$work"
cat "$work/out"
