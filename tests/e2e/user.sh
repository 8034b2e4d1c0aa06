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

listen=127.0.0.1:0
upstream=builtin:http

write_config() { # LINE FAULT...
    printf '[rudeproxy]\n%s\ngrace = 100ms\n[proxy web]\nlisten = %s\nupstream = %s\n' "$1" "$listen" "$upstream" >"$work/user.ini"
    printf '%s\n' "${@:2}" >>"$work/user.ini"
}

start_as() { # LINE FAULT...
    write_config "$@"
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

# More than the new user may ask for is an error at the start, not one of each connection.
for key in rcvbuf:rmem sndbuf:wmem; do
    # Not every network namespace tells its limit.
    [ "$(cat "/proc/sys/net/core/${key#*:}_max" 2>/dev/null || echo 0)" -lt $((1 << 30)) ] || continue
    write_config 'user = nobody' "${key%:*} = 1G"
    expect 1 timeout 20 "$RUDEPROXY" -c "$work/user.ini"
    says "$work/err" 'proxy web. rcvbuf or sndbuf is more than net.core.rmem_max or wmem_max allows'
done

# A port below 1024 opens again, though nobody may bind it. The address is this test's own.
listen=127.81.$((BASHPID >> 8 & 255)).$((BASHPID & 255)):81
port_answers() {
    web -o /dev/null "http://$listen/"
}
log_has() { # COUNT EVENT
    [ "$(grep -c "\"event\":\"$2\"" "$work/own/log")" -ge "$1" ]
}
install -o nobody /dev/null "$work/own/log"
logged=$(printf 'user = nobody\nlog = %s\nlog_format = json' "$work/own/log")

start_as "$logged" '[fault down]' 'type = refuse' 'active = 100ms-400ms'
eventually 20 log_has 1 fault_over || fail "the fault is not over: $(cat "$work/own/log")"
eventually 20 port_answers || fail "closed after the fault: $(cat "$work/own/log")"
same "listened" 2 "$(grep -c '"event":"listening"' "$work/own/log")"
proxy_stop

# A new upstream, and a reload that fails, leave it open.
: >"$work/own/log"
start_as "$logged
admin = unix:$work/own/api"
expect 0 curl -sf --unix-socket "$work/own/api" -d '{"upstream":"127.0.0.1:9"}' http://api/proxies/web
expect 0 curl -sf --unix-socket "$work/own/api" -d '{"upstream":"127.0.0.1:9","enabled":true}' http://api/proxies/web
expect 0 curl -sf --unix-socket "$work/own/api" -X POST http://api/v1/reload
eventually 20 port_answers || fail "closed after a new upstream: $(cat "$work/own/log")"
sed -i "s/^listen = .*/listen = 0.0.0.0:81/" "$work/user.ini"
expect 22 curl -sf --unix-socket "$work/own/api" -X POST http://api/v1/reload
port_answers || fail "closed after a reload that failed: $(cat "$work/own/log")"
proxy_stop

# A new upstream opens the port that unreachable = refuse has closed.
: >"$work/own/log"
upstream=${listen%:*}:1
start_as "$logged
admin = unix:$work/own/api" 'unreachable = refuse'
port_answers 2>/dev/null && fail "an answer without a server"
eventually 20 log_has 1 not_listening || fail "it listens without a server: $(cat "$work/own/log")"
expect 0 curl -sS --fail-with-body --unix-socket "$work/own/api" -X PATCH -d '{"upstream":"builtin:http"}' http://api/v1/proxies/web
port_answers || fail "closed after a new upstream: $(cat "$work/own/log")"
proxy_stop
upstream=builtin:http

# What cannot be opened again is said: of a UNIX socket at the start, of others when it fails.
install -d "$work/roots"
listen=unix:$work/roots/s
write_config 'user = nobody' '[fault down]' 'type = refuse' 'active = 100ms-400ms'
expect 1 timeout 20 "$RUDEPROXY" -c "$work/user.ini"
says "$work/err" 'user = nobody: may not open unix:.*/roots/s again when fault down has closed it: Permission denied'
sed -i -e '/^.fault/,$d' "$work/user.ini"
echo 'unreachable = refuse' >>"$work/user.ini"
expect 1 timeout 20 "$RUDEPROXY" -c "$work/user.ini"
says "$work/err" 'when unreachable = refuse has closed it'
install -d -m 1777 "$work/sticky"
sed -i "s/roots/sticky/" "$work/user.ini"
expect 1 timeout 20 "$RUDEPROXY" -c "$work/user.ini"
says "$work/err" 'Operation not permitted'
listen=unix:$work/own/s
: >"$work/own/log"
start_as "$logged" '[fault down]' 'type = refuse' 'active = 100ms-400ms'
eventually 20 log_has 2 listening || fail "a UNIX socket is not open again: $(cat "$work/own/log")"
proxy_stop
