#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Report: NixOS/infra#352
# Symptom: `kex_exchange_identification: read: Connection reset by peer` while three others are connected
# Programs: ssh, sshd
# INI: `reset` before `message:1`, `concurrent = 4-`
# shellcheck source=tests/reports/lib.sh
. "$(dirname "$0")/lib.sh"
need ssh sshd ssh-keygen
sshd=$(command -v sshd)
[ "$(id -u)" -ne 0 ] || mkdir -p /run/sshd
ssh-keygen -q -t ed25519 -N '' -f "$work/host"
serve "$sshd" -D -e -f /dev/null -p @PORT@ -h "$work/host" -o ListenAddress=127.0.0.1 -o PidFile=none

attempt() {
    in_front_of "$server_port" line <<'INI'
[fault too-many]
type = reset
when = message:1
edge = before
concurrent = 4-
INI
    local other others=()
    for _ in 1 2 3; do
        exec {other}<>"/dev/tcp/127.0.0.1/$port"
        others+=("$other")
        read -r -t 20 _ <&"$other" || fail "the first three are not served"
    done
    expect 255 ssh -F /dev/null -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
        -p "$port" nobody@127.0.0.1 true
    says "$work/err" '^kex_exchange_identification: read: Connection reset by peer'
    for other in "${others[@]}"; do exec {other}>&-; done
    fault_fired
}
reproduce attempt
