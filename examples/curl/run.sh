#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# curl downloads a file. Where the head of the reply ends before its Content-Length line, curl 7.88.1 writes an
# empty file and exits with 0.
# shellcheck source=examples/lib.sh
. "$(dirname "$0")/../lib.sh"
need curl

cat >"$work/web.ini" <<'INI'
[proxy web]
listen   = 127.0.0.1:0
upstream = builtin:http
protocol = http
INI
status=4
curl --version | grep '^curl 7\.88\.1' >/dev/null || status='0|4'
# shellcheck disable=SC2016 # expanded by the shell that the sweep runs
sweep "$status" -c "$work/web.ini" --sweep-fault 'close side=client' -- \
    sh -c 'curl -q -sS --noproxy "*" --max-time 20 "http://$RUDEPROXY_WEB_ADDR/bytes/1000"'
[ "$status" != 4 ] || says "$work/out" '^different: close side=client, web#1 downstream'
