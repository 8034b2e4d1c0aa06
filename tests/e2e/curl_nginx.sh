#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# 100 MB from nginx through the proxy, 20 at a time, every copy byte-identical; then many small
# requests on one connection.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
need curl cmp
nginx_start

head -c 104857600 /dev/urandom >"$work/www/big"
proxy_start <<INI
[proxy web]
listen   = 127.0.0.1:0
upstream = 127.0.0.1:$nginx_port
INI
address=$(proxy_address web)

fetch_and_compare() {
    web --max-time 240 "http://$address/big" | cmp - "$work/www/big"
}

fetches=()
for ((i = 0; i < 20; i++)); do
    fetch_and_compare &
    fetches+=($!)
done
for pid in "${fetches[@]}"; do
    wait "$pid" || fail "a copy of the file differs or is incomplete"
done

# Keep-alive: 200 requests, one connection, ranges that meet no page boundary.
urls=()
for ((i = 0; i < 200; i++)); do
    urls+=(-o "$work/range" -r "$((i * 4099))-$((i * 4099 + i))" "http://$address/big")
done
expect 0 web -w '%{num_connects}\n' "${urls[@]}"
same "connections made for 200 requests" 1 "$(awk '{n += $1} END {print n}' "$work/out")"
cmp "$work/range" <(tail -c +$((199 * 4099 + 1)) "$work/www/big" | head -c 200 || true) ||
    fail "the last range differs"

proxy_stop
