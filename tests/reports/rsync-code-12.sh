#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Report: RsyncProject/rsync#266
# Symptom: `connection unexpectedly closed`, code 12
# Programs: rsync, rsync --daemon
# INI: `close` at `match:"\nthe middle\n"`
# shellcheck source=tests/reports/lib.sh
. "$(dirname "$0")/lib.sh"
need rsync
mkdir "$work/module"
story_make "$work/module/story"
printf 'use chroot = no\n[module]\npath = %s\n' "$work/module" >"$work/rsyncd.conf"
serve rsync --daemon --no-detach --address=127.0.0.1 --port=@PORT@ --config="$work/rsyncd.conf"

attempt() {
    in_front_of "$server_port" raw <<'INI'
[fault cut]
type = close
side = client
when = match:"\nthe middle\n"
INI
    rm -rf "$work/copy"
    expect 12 rsync "rsync://$address/module/story" "$work/copy"
    says "$work/err" 'connection unexpectedly closed'
    says "$work/err" 'error in rsync protocol data stream \(code 12\)'
    fault_fired
}
reproduce attempt
