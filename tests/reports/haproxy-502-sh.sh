#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Report: haproxy/haproxy#2751
# Symptom: 502, `SH--` in the log
# Programs: curl, HAProxy before nginx
# INI: `close` upstream before `message:2/POST`
# shellcheck source=tests/reports/lib.sh
. "$(dirname "$0")/lib.sh"
need curl haproxy
nginx_start
front_try() {
    cat >"$work/haproxy.cfg" <<CFG
global
    log stderr format raw local0
defaults
    mode http
    log global
    option httplog
    retries 0
    http-reuse always
    timeout connect 20s
    timeout client 20s
    timeout server 20s
frontend in
    bind 127.0.0.1:$1
    default_backend behind
backend behind
    server nginx $address
CFG
    server_start "$1" haproxy -db -f "$work/haproxy.cfg" || return 1
    front_port=$1
}

attempt() {
    in_front_of "$nginx_port" http <<'INI'
[fault keepalive-race]
type = close
direction = upstream
when = message:2/POST
edge = before
INI
    on_free_port front_try
    for status in 403 502; do # nginx says 403 to a POST for a folder
        expect 0 web -o /dev/null -w '%{http_code}' -d order "http://127.0.0.1:$front_port/"
        same "status" "$status" "$(cat "$work/out")"
    done
    eventually 20 grep -q ' SH-- ' "$work/$front_port.server" || fail "no SH--: $(cat "$work/$front_port.server")"
    end_process "${servers[-1]}" USR1 || true
    unset 'servers[-1]'
    fault_fired
}
reproduce attempt
