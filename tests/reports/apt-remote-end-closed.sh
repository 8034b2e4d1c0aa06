#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Report: no thread known (CI mirrors)
# Symptom: apt: `Error reading from server. Remote end closed connection`; with RST `read (104: Connection reset by peer)`
# Programs: apt, tinyproxy, nginx
# INI: `close`, then `reset`, at `match:"\nthe middle\n"`
# shellcheck source=tests/reports/lib.sh
. "$(dirname "$0")/lib.sh"
need tinyproxy apt-get
helper=/usr/lib/apt/apt-helper
[ -x "$helper" ] || skip "$helper is not installed"
nginx_start
story_make "$work/www/story"
mirror_try() {
    printf 'Port %s\nListen 127.0.0.1\nTimeout 60\nMaxClients 20\nLogLevel Error\n' "$1" >"$work/tinyproxy.conf"
    server_start "$1" tinyproxy -d -c "$work/tinyproxy.conf" || return 1
    mirror_port=$1
}
on_free_port mirror_try

attempt() {
    local type words
    while read -r type words; do
        rm -f "$work"/copy*
        in_front_of "$mirror_port" http <<INI
[fault cut]
type = $type
when = match:"\nthe middle\n"
INI
        expect 100 "$helper" -o Acquire::http::Proxy="http://$address" -o Acquire::Retries=0 -o APT::Sandbox::User= \
            download-file "http://127.0.0.1:$nginx_port/story" "$work/copy"
        says "$work/err" "$words"
        fault_fired
    done <<'CASES'
close Error reading from server. Remote end closed connection
reset Error reading from server - read \(104: Connection reset by peer\)
CASES
}
reproduce attempt
