#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Report: desktop/desktop#19847
# Symptom: `curl 18`, `early EOF`, `invalid index-pack output`
# Programs: git, node (git http-backend)
# INI: `close` at `message:3/chunk:20`, the reply with the pack
# shellcheck source=tests/reports/lib.sh
. "$(dirname "$0")/lib.sh"
need git node
git_server_start

attempt() {
    in_front_of "$git_port" http <<'INI'
[fault cut]
type = close
side = client
when = message:3/chunk:20
INI
    rm -rf "$work/clone"
    expect 128 git clone "http://$address/story.git" "$work/clone"
    says "$work/err" 'RPC failed; curl 18 transfer closed with outstanding read data remaining'
    says "$work/err" 'early EOF'
    says "$work/err" 'invalid index-pack output'
    fault_fired
}
reproduce attempt
