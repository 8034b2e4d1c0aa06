#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# user = NAME: root is given up once everything is bound; what a fault needs is kept.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
need curl

printf '[rudeproxy]\nuser = a b\n[proxy p]\nlisten = 127.0.0.1:0\nupstream = builtin:http\n' >"$work/bad.ini"
expect 2 "$RUDEPROXY" check -c "$work/bad.ini"
says "$work/err" 'no name of a user'
[ "$(id -u)" -eq 0 ] || skip "only root can become another user"
id nobody >/dev/null 2>&1 || skip "there is no user nobody"
install -d -o nobody "$work/own"
proxy_ready=$work/own/ready proxy_err=$work/own.err

# status_of KEY - a line of the program's /proc/PID/status.
status_of() {
    sed -n "s/^$1:[[:space:]]*//p" "/proc/$proxy_pid/status"
}

start_as() { # LINE FAULT...
    printf '[rudeproxy]\n%s\ngrace = 100ms\n[proxy web]\nlisten = 127.0.0.1:0\nupstream = builtin:http\n' "$1" >"$work/user.ini"
    printf '%s\n' "${@:2}" >>"$work/user.ini"
    rm -f "$proxy_ready"
    "$RUDEPROXY" -c "$work/user.ini" --ready-file "$proxy_ready" </dev/null 2>"$proxy_err" &
    proxy_pid=$!
    eventually 20 proxy_started_or_gone || fail "the proxy does not become ready: $(cat "$proxy_err")"
    [ -e "$proxy_ready" ] || fail "not ready: $(cat "$proxy_err")"
}

start_as 'user = nobody'
uid=$(id -u nobody)
same "its user" "$uid $uid $uid $uid" "$(status_of Uid | tr '\t' ' ')"
same "its capabilities" 0000000000000000 "$(status_of CapPrm)"
expect 0 web -o /dev/null "http://$(proxy_address web)/"
proxy_stop

if capsh --has-p=cap_net_admin >/dev/null 2>&1 || [ $((0x$(sed -n 's/^CapEff:[[:space:]]*//p' /proc/self/status) & 0x1000)) -ne 0 ]; then
    start_as 'user = nobody' '[fault lost]' 'type = packet_loss' 'side = client' 'rate = 1%'
    same "what packet_loss keeps" 0000000000001000 "$(status_of CapEff)"
    expect 0 web -o /dev/null "http://$(proxy_address web)/"
    proxy_stop
fi

expect 1 "$RUDEPROXY" -c <(sed 's/nobody/no-such-user-here/' "$work/user.ini")
says "$work/err" 'there is no such user'
