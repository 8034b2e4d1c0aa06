#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Report: httpie/cli#965
# Symptom: exit status 0, the body is one byte short
# Programs: httpie, nginx
# INI: `close` at `message:1-1`
# shellcheck source=tests/reports/lib.sh
. "$(dirname "$0")/lib.sh"
need http
nginx_start
printf 'the whole story' >"$work/www/story"

attempt() {
    in_front_of "$nginx_port" http <<'INI'
[fault one-byte-short]
type = close
when = message:1-1
INI
    expect 0 http --ignore-stdin --body "http://$address/story" Accept-Encoding:identity
    same "body" "the whole stor" "$(cat "$work/out")"
    fault_fired
}
reproduce attempt
