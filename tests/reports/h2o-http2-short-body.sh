#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Report: h2o/h2o#1031
# Symptom: the origin ends a chunked body early: over HTTP/2 the short page comes with exit status 0
# Programs: curl --http2, h2o before node
# INI: `close` at `message:1/chunk:4`
# shellcheck source=tests/reports/lib.sh
. "$(dirname "$0")/lib.sh"
need curl h2o
certificate_make
chunks_start
front_try() {
    cat >"$work/h2o.conf" <<CONF
hosts:
  default:
    listen:
      host: 127.0.0.1
      port: $1
      ssl: { certificate-file: $work/cert, key-file: $work/key }
    paths:
      /: { proxy.reverse.url: "http://$address/" }
CONF
    [ "$(id -u)" -ne 0 ] || echo 'user: root' >>"$work/h2o.conf"
    server_start "$1" h2o -m worker -c "$work/h2o.conf" || return 1
    front_port=$1
}

attempt() {
    in_front_of "$server_port" http <<'INI'
[fault cut]
type = close
when = message:1/chunk:4
INI
    on_free_port front_try
    expect 0 web -k --http2 -w ' %{http_version} %{http_code}' "https://127.0.0.1:$front_port/"
    same "page, version and status" '<p>part 1</p><p>part 2</p><p>part 3</p> 2 200' "$(cat "$work/out")"
    end_process "${servers[-1]}" TERM || true
    unset 'servers[-1]'
    fault_fired
}
reproduce attempt
