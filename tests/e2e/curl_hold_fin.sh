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

web -N -o "$work/held" --max-time 120 -H 'Accept-Encoding: gzip' "http://$(proxy_address held)/nolength/body.bin" \
    2>"$work/err" &
curl=$!
servers+=("$curl")
has_all() {
    [ -e "$work/held" ] && cmp -s "$work/body" "$work/held"
}
eventually 60 has_all || fail "the body behind the held FIN differs"
eventually 20 grep -q '"event":"fault".*"fault":"no-fin"' "$proxy_log" || fail "no FIN was held"
! eventually 1 process_gone "$curl" || fail "curl has seen an end"

proxy_stop
