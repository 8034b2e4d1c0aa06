#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Report: Kong/kong#11160
# Symptom: 502, `upstream prematurely closed connection while reading response header`
# Programs: curl, nginx before nginx
# INI: `close` upstream before `message:2/POST`
# shellcheck source=tests/reports/lib.sh
. "$(dirname "$0")/lib.sh"
need curl nginx
nginx_start
front_try() {
    cat >"$work/front/nginx.conf" <<CONF
daemon off;
pid $work/front/pid;
error_log $work/front/error.log;
events { worker_connections 64; }
http {
    access_log off;
    client_body_temp_path $work/front/body;
    proxy_temp_path $work/front/proxy;
    fastcgi_temp_path $work/front/fastcgi;
    uwsgi_temp_path $work/front/uwsgi;
    scgi_temp_path $work/front/scgi;
    upstream behind { server $address; keepalive 4; }
    server {
        listen 127.0.0.1:$1;
        location / { proxy_pass http://behind; proxy_http_version 1.1; proxy_set_header Connection ""; }
    }
}
CONF
    server_start "$1" nginx -e "$work/front/error.log" -p "$work/front" -c "$work/front/nginx.conf" || return 1
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
    rm -rf "$work/front"
    mkdir "$work/front"
    on_free_port front_try
    expect 0 web -o /dev/null -w '%{http_code}' -d order "http://127.0.0.1:$front_port/"
    expect 0 web -o /dev/null -w '%{http_code}' -d order "http://127.0.0.1:$front_port/"
    same status 502 "$(cat "$work/out")"
    says "$work/front/error.log" 'upstream prematurely closed connection while reading response header from upstream'
    end_process "${servers[-1]}" QUIT || true
    unset 'servers[-1]'
    fault_fired
}
reproduce attempt
