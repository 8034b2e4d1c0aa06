#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Report: NixOS/infra#352 (kin)
# Symptom: a reset in an open session: `client_loop: send disconnect: Broken pipe`
# Programs: ssh, sshd
# INI: `reset` at `idle:10s`
# shellcheck source=tests/reports/lib.sh
. "$(dirname "$0")/lib.sh"
need ssh sshd ssh-keygen
sshd=$(command -v sshd)
[ "$(id -u)" -ne 0 ] || mkdir -p /run/sshd
ssh-keygen -q -t ed25519 -N '' -f "$work/host"
ssh-keygen -q -t ed25519 -N '' -f "$work/client"
serve "$sshd" -D -e -f /dev/null -p @PORT@ -h "$work/host" -o ListenAddress=127.0.0.1 -o PidFile=none \
    -o AuthorizedKeysFile="$work/client.pub" -o StrictModes=no

attempt() {
    in_front_of "$server_port" raw <<'INI'
[fault asleep]
type = reset
when = idle:10s
INI
    expect 255 timeout 60 ssh -F /dev/null -T -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
        -i "$work/client" -p "$port" "$(id -un)@127.0.0.1" 'echo logged in; exec sleep 60'
    same "the session" "logged in" "$(cat "$work/out")"
    says "$work/err" '^client_loop: send disconnect: Broken pipe'
    fault_fired
}
reproduce attempt
