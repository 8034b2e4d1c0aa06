#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Report: actions/checkout#1379 (kin)
# Symptom: `read error: Connection reset by peer`, `early EOF`
# Programs: git, git daemon
# INI: `reset` at `match:"PACK"`
# shellcheck source=tests/reports/lib.sh
. "$(dirname "$0")/lib.sh"
need git
[ -x "$(git --exec-path)/git-daemon" ] || skip "git-daemon is not installed"
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
git init -q "$work/story"
story_make "$work/story/story"
git -C "$work/story" add story
git -C "$work/story" -c user.name=a -c user.email=a@example.com commit -q -m story
serve "$(git --exec-path)/git-daemon" --reuseaddr --export-all --listen=127.0.0.1 --port=@PORT@ --base-path="$work"

attempt() {
    in_front_of "$server_port" raw <<'INI'
[fault cut]
type = reset
when = match:"PACK"
INI
    rm -rf "$work/clone"
    expect 128 git clone "git://$address/story" "$work/clone"
    says "$work/err" 'read error: Connection reset by peer'
    says "$work/err" 'early EOF'
    fault_fired
}
reproduce attempt
