#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# A body that ends with the connection, whose FIN is swallowed: curl has every byte and waits on.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
need curl cmp gzip
nginx_start

head -c 300000 /dev/urandom >"$work/www/body.bin"
proxy_start <<INI
[proxy clean]
listen   = 127.0.0.1:0
upstream = 127.0.0.1:$nginx_port

[proxy held]
listen   = 127.0.0.1:0
upstream = 127.0.0.1:$nginx_port

[fault no-fin]
proxy     = held
type      = hold_fin
direction = downstream
INI

# Compressed on the fly and not chunked: no length is known, the FIN is the end.
received 0 clean /nolength/body.bin -H 'Accept-Encoding: gzip'
gzip -dc "$work/body" | cmp - "$work/www/body.bin" || fail "the body differs"
whole=$got_bytes

received 28 held /nolength/body.bin -H 'Accept-Encoding: gzip' --max-time 3
same "bytes before the wait" "$whole" "$got_bytes"
gzip -dc "$work/body" | cmp - "$work/www/body.bin" || fail "the body behind the held FIN differs"

proxy_stop
