#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Report: nginx/nginx#1400
# Symptom: the PROXY header comes in several segments: `broken header`
# Programs: curl --haproxy-protocol, nginx
# INI: `slice` upstream, `size = 10`, `gap = 300ms`, `until = message:1`, protocol `line`
# shellcheck source=tests/reports/lib.sh
. "$(dirname "$0")/lib.sh"
need curl nginx
proxy_header_try() {
    mkdir -p "$work/nginx" "$work/www"
    cat >"$work/nginx/nginx.conf" <<CONF
daemon off;
pid $work/nginx/pid;
error_log $work/nginx/error.log;
events { worker_connections 64; }
http {
    access_log off;
    client_body_temp_path $work/nginx/body;
    proxy_temp_path $work/nginx/proxy;
    fastcgi_temp_path $work/nginx/fastcgi;
    uwsgi_temp_path $work/nginx/uwsgi;
    scgi_temp_path $work/nginx/scgi;
    server { listen 127.0.0.1:$1 proxy_protocol; root $work/www; }
}
CONF
    server_start "$1" nginx -e "$work/nginx/error.log" -p "$work/nginx" -c "$work/nginx/nginx.conf" || return 1
    server_port=$1
}
on_free_port proxy_header_try

attempt() {
    in_front_of "$server_port" line <<'INI'
[fault header-in-pieces]
type = slice
direction = upstream
size = 10
gap = 300ms
until = message:1
INI
    : >"$work/nginx/error.log"
    expect '52|56' web --haproxy-protocol "http://$address/"
    says "$work/nginx/error.log" 'broken header: "PROXY [^"]*" while reading PROXY protocol'
    fault_fired
}
reproduce attempt
