#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Report: grpc/grpc-node#1769 (kin)
# Symptom: a reset right behind GOAWAY: `13 INTERNAL: Received RST_STREAM with code 0`
# Programs: grpc-js 1.14, grpcio with a maximum age
# INI: `reset` at `message:1/GOAWAY`
# shellcheck source=tests/reports/lib.sh
. "$(dirname "$0")/lib.sh"
need_npm @grpc/grpc-js@1.14
grpc_server_start 1500 10

attempt() {
    in_front_of "$server_port" http2 <<'INI'
[fault behind-goaway]
type = reset
when = message:1/GOAWAY
INI
    prints '^13 INTERNAL: Received RST_STREAM with code 0' node "$work/client.js" "$address"
    fault_fired
}
reproduce attempt
