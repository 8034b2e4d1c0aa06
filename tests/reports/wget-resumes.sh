#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Report: no thread known
# Symptom: `Read error at byte`, then wget resumes and the file is complete
# Programs: wget, nginx
# INI: `reset` at `match:"\nthe middle\n"`, `connections = 1`
# shellcheck source=tests/reports/lib.sh
. "$(dirname "$0")/lib.sh"
need wget
nginx_start
story_make "$work/www/story"

attempt() {
    in_front_of "$nginx_port" http <<'INI'
[fault cut]
type = reset
when = match:"\nthe middle\n"
connections = 1
INI
    rm -f "$work/copy"
    expect 0 wget --no-config --no-proxy --waitretry=0 -O "$work/copy" "http://$address/story"
    says "$work/err" 'Read error at byte [0-9]+/[0-9]+ \(Connection reset by peer\)\. Retrying\.'
    cmp "$work/www/story" "$work/copy" || fail "the copy differs"
    fault_fired
}
reproduce attempt
