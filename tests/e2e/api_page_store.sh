#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# What the page keeps of connections (web/store.js), without a browser.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
need node

here=$(cd "$(dirname "$0")" && pwd)
cp "$here/../../web/store.js" "$work/store.mjs" # node takes modules by this name
expect 0 node "$here/api_page_store.mjs" "$work/store.mjs"
cat "$work/out"
