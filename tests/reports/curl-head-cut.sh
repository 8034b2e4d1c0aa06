#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Report: no thread known
# Symptom: the head is cut: curl 7.88.1 exits with 0, the file is empty
# Programs: curl, nginx
# INI: `close` before `match:"Content-Length"`
# shellcheck source=tests/reports/lib.sh
. "$(dirname "$0")/lib.sh"
need curl
nginx_start
head -c 100 /dev/zero >"$work/www/page"

attempt() {
    in_front_of "$nginx_port" http <<'INI'
[fault head-cut]
type = close
side = client
when = match:"Content-Length"
edge = before
INI
    expect 0 web -o "$work/page" -w '%{http_code} %{size_download}' "http://$address/page"
    same "status and size" '200 0' "$(cat "$work/out")"
    fault_fired
}
reproduce attempt
