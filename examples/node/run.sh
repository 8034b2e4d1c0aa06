#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# A client that does it right: a timeout, three tries, a body whose length it checks. It must end as without a fault
# wherever its first connection breaks.
# shellcheck source=examples/lib.sh
. "$(dirname "$0")/../lib.sh"
need node

cat >"$work/web.ini" <<'INI'
[proxy web]
listen   = 127.0.0.1:0
upstream = builtin:http
protocol = http
INI
# A stall keeps the client waiting for its own limit, and no core busy: more runs at once than there are cores.
sweep 0 -c "$work/web.ini" --jobs 6 --expect same --sweep-fault 'close side=client' --sweep-fault 'reset side=client' \
    --sweep-fault stall -- node "$examples/node/client.mjs"
finds_none failed
