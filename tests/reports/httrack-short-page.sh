#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Report: xroche/httrack#840
# Symptom: the last chunks of a page are missing: exit status 0, "No errors", the short page is stored
# Programs: httrack, node
# INI: `close` at `message:1/chunk:4`
# shellcheck source=tests/reports/lib.sh
. "$(dirname "$0")/lib.sh"
need httrack
chunks_start

attempt() {
    in_front_of "$server_port" http <<'INI'
[fault cut]
type = close
when = message:1/chunk:4
INI
    rm -rf "$work/mirror"
    expect 0 httrack "http://$address/page.html" -O "$work/mirror" -q -s0 -r1 -R0
    says "$work/mirror/hts-log.txt" 'No errors, 0 warnings'
    same "the page" '<p>part 1</p><p>part 2</p><p>part 3</p>' "$(cat "$work"/mirror/127*/page.html)"
    fault_fired
}
reproduce attempt
