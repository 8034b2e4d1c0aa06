#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# A client posts an order and retries. Each run has its own number, so the check can count its orders.
# shellcheck source=examples/lib.sh
. "$(dirname "$0")/../lib.sh"
need_module requests

mkdir "$work/orders"
"$python" "$examples/requests/server.py" "$work/orders" "$work/port" &
servers+=($!)
eventually 20 test -e "$work/port" || fail "the server does not start"
cat >"$work/shop.ini" <<INI
[proxy shop]
listen   = 127.0.0.1:0
upstream = 127.0.0.1:$(cat "$work/port")
protocol = http

[sweep]
check = test \$(wc -l <"$work/orders/\$RUDEPROXY_RUN") -le 1
setup = : >"$work/orders/\$RUDEPROXY_RUN"
INI
sweep 4 -c "$work/shop.ini" --sweep-fault 'close side=client' --sweep-fault 'reset side=client' -- \
    "$python" "$examples/requests/client.py"
finds check_failed downstream withheld 'close side=client'
finds same upstream start 'close side=client'
