#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Report: golang/go#22158
# Symptom: `EOF`, and the POST is not tried again
# Programs: Go net/http, nginx
# INI: `close` upstream before `message:2/POST`
# shellcheck source=tests/reports/lib.sh
. "$(dirname "$0")/lib.sh"
need go
nginx_start
cat >"$work/main.go" <<'GO'
package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
)

func main() {
	for i := 0; i < 2; i++ {
		reply, err := http.Post("http://"+os.Args[1]+"/", "text/plain", strings.NewReader("order"))
		if err != nil {
			fmt.Println(err)
			return
		}
		io.Copy(io.Discard, reply.Body)
		reply.Body.Close()
	}
}
GO
GOCACHE=$work/cache GOFLAGS=-mod=mod GO111MODULE=off go build -o "$work/client" "$work/main.go" >"$work/go.out" 2>&1 ||
    fail "go build: $(cat "$work/go.out")"

attempt() {
    in_front_of "$nginx_port" http <<'INI'
[fault keepalive-race]
type = close
direction = upstream
when = message:2/POST
edge = before
INI
    prints '^Post "http://.*": EOF$' "$work/client" "$address"
    fault_fired
}
reproduce attempt
