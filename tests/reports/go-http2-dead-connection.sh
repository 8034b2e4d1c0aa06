#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Report: golang/go#36026
# Symptom: an HTTP/2 connection goes dead: each request times out and the next one takes it again
# Programs: Go x/net/http2, nginx
# INI: `blackhole` both at `message:1/DATA`, `connections = 1`
# shellcheck source=tests/reports/lib.sh
. "$(dirname "$0")/lib.sh"
need go nginx
sources=/usr/share/gocode
[ -d "$sources/src/golang.org/x/net/http2" ] || skip "golang-golang-x-net-dev is not installed"
http2_try() {
    mkdir -p "$work/nginx" "$work/www"
    echo page >"$work/www/index.html"
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
    server { listen 127.0.0.1:$1 http2; root $work/www; }
}
CONF
    server_start "$1" nginx -e "$work/nginx/error.log" -p "$work/nginx" -c "$work/nginx/nginx.conf" || return 1
    server_port=$1
}
on_free_port http2_try
cat >"$work/main.go" <<'GO'
package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"

	"golang.org/x/net/http2"
)

func get(client *http.Client, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	request, _ := http.NewRequestWithContext(ctx, "GET", "http://"+os.Args[1]+"/", nil)
	reply, err := client.Do(request)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, reply.Body)
	reply.Body.Close()
	return err
}

func main() {
	dials := 0
	client := &http.Client{Transport: &http2.Transport{
		AllowHTTP: true,
		DialTLS: func(network, address string, _ *tls.Config) (net.Conn, error) {
			dials++
			return net.Dial(network, address)
		},
	}}
	fmt.Println(get(client, 20*time.Second))
	failed := 0
	for i := 0; i < 4; i++ {
		if get(client, 400*time.Millisecond) != nil {
			failed++
		}
	}
	fmt.Println(failed, "of 4 timed out, connections:", dials)
}
GO
GOCACHE=$work/cache GOPATH=$sources GO111MODULE=off go build -o "$work/client" "$work/main.go" >"$work/go.out" 2>&1 ||
    fail "go build: $(cat "$work/go.out")"

attempt() {
    in_front_of "$server_port" http2 <<'INI'
[fault dead]
type = blackhole
direction = both
when_direction = downstream
when = message:1/DATA
connections = 1
INI
    prints '^4 of 4 timed out, connections: 1$' "$work/client" "$address"
    fault_fired
}
reproduce attempt
