#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Report: grpc/grpc-node#1907
# Symptom: `14 UNAVAILABLE: read ECONNRESET` or `Connection dropped`, and the next call works
# Programs: grpc-js 1.14, grpcio
# INI: `reset` upstream at `message:1/DATA`, `connections = 1`
# shellcheck source=tests/reports/lib.sh
. "$(dirname "$0")/lib.sh"
need_npm @grpc/grpc-js@1.14
grpc_server_start 60000 0.3

attempt() {
    in_front_of "$server_port" http2 <<'INI'
[fault in-call]
type = reset
direction = upstream
when = message:1/DATA
connections = 1
INI
    prints '^14 UNAVAILABLE: (read ECONNRESET|Connection dropped)' node "$work/client.js" "$address"
    says "$work/out" '^once$'
    fault_fired
}
reproduce attempt
