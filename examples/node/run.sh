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
sweep 0 -c "$work/web.ini" --expect same --sweep-fault 'close side=client' --sweep-fault 'reset side=client' \
    --sweep-fault stall -- node "$examples/node/client.mjs"
finds_none failed
