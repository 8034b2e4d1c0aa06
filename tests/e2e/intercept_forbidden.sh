#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# exec --intercept where the system forbids something: a clear sentence and status 1; and without a packet
# filter that redirects, the listed ports by a socket each.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
need curl python3

# python3 forbid.py CALL CMD... - a seccomp filter (seccomp(2)) for CMD: CALL is `unshare`, or `netfilter` for
# sockets of NETLINK_NETFILTER. On x86-64 only.
[ "$(uname -m)" = x86_64 ] || skip "the seccomp filter of this test knows x86-64 only"
cat >"$work/forbid.py" <<'PYTHON'
import ctypes, os, struct, sys

LD, JEQ, RET = 0x20, 0x15, 0x06
ALLOW, EPERM, EPROTONOSUPPORT = 0x7FFF0000, 0x00050001, 0x0005005D
UNSHARE, SOCKET = 272, 41
rows = {
    "unshare": [(LD, 0, 0, 0), (JEQ, 0, 1, UNSHARE), (RET, 0, 0, EPERM), (RET, 0, 0, ALLOW)],
    "netfilter": [
        (LD, 0, 0, 0), (JEQ, 0, 5, SOCKET),
        (LD, 0, 0, 16), (JEQ, 0, 3, 16),  # AF_NETLINK
        (LD, 0, 0, 32), (JEQ, 0, 1, 12),  # NETLINK_NETFILTER
        (RET, 0, 0, EPROTONOSUPPORT), (RET, 0, 0, ALLOW),
    ],
}[sys.argv[1]]
program = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *row) for row in rows))
header = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(rows), ctypes.addressof(program)))
libc = ctypes.CDLL(None, use_errno=True)
if libc.prctl(38, 1, 0, 0, 0) != 0 or libc.prctl(22, 2, header, 0, 0) != 0:
    sys.exit("no seccomp: " + os.strerror(ctypes.get_errno()))
os.execvp(sys.argv[2], sys.argv[2:])
PYTHON
forbid=(python3 "$work/forbid.py")
"${forbid[@]}" unshare true || skip "no seccomp filters here"

# --- nothing can be made ---

expect 1 "${forbid[@]}" unshare "$RUDEPROXY" exec --intercept 80 -- touch "$work/started"
says "$work/err" '^rudeproxy: --intercept: the kernel refuses a namespace: .*; .*seccomp filter forbids it, as in a container: .*--cap-add=SYS_ADMIN'
[ ! -e "$work/started" ] || fail "the command was started without its network"
expect 1 "${forbid[@]}" unshare "$RUDEPROXY" exec --private-network --listen 127.0.0.1:0 --upstream builtin:echo -- true
says "$work/err" '^rudeproxy: --private-network: .*seccomp filter'

# Each setting of the machine that forbids it: shown by a folder in place of /proc/sys, while the filter refuses.
refused_by() { # SETTING VALUE PATTERN
    mkdir -p "$work/sys/${1%/*}"
    printf '%s\n' "$2" >"$work/sys/$1"
    # shellcheck disable=SC2016
    expect 1 unshare -m bash -c 'mount --bind "$1" /proc/sys && shift && exec "$@"' sh "$work/sys" \
        "${forbid[@]}" unshare "$RUDEPROXY" exec --intercept 80 -- true
    says "$work/err" "^rudeproxy: --intercept: the kernel refuses a namespace: .*; $3"
    rm -r "$work/sys"
}
if [ "$(id -u)" -eq 0 ] && unshare -m true 2>/dev/null; then
    refused_by user/max_user_namespaces 0 'user namespaces are turned off: sysctl user.max_user_namespaces='
    refused_by user/max_net_namespaces 0 'network namespaces are turned off: sysctl user.max_net_namespaces='
    refused_by kernel/unprivileged_userns_clone 0 'only root .*: sysctl kernel.unprivileged_userns_clone=1, or run as root'
    refused_by kernel/apparmor_restrict_unprivileged_userns 1 \
        'AppArmor .*: sysctl kernel.apparmor_restrict_unprivileged_userns=0, an AppArmor profile .*, or run as root'
fi
# The kernel itself says no: root without rights, as in a container, and no user namespaces.
if unshare -Ur true 2>/dev/null && command -v setpriv >/dev/null; then
    # shellcheck disable=SC2016
    expect 1 unshare -Ur bash -c 'echo 0 >/proc/sys/user/max_user_namespaces; exec "$@"' sh \
        setpriv --bounding-set=-sys_admin "$RUDEPROXY" exec --intercept 80 -- true
    says "$work/err" '; user namespaces are turned off: sysctl user.max_user_namespaces='
fi

# --- no packet filter ---

if ! unshare -n true 2>/dev/null && ! unshare -Un true 2>/dev/null; then
    note "not looked at: listed ports: the kernel forbids namespaces here"
    exit 0
fi
any=0.0.0.0
! have_ipv6 || any='[::]'
proxy_start <<INI
[proxy web]
listen   = $any:0
upstream = builtin:http
INI
port=$(proxy_port web)
other=$(unused_port)
listed() { # CODES ARGS... -- CMD ARGS...
    local codes=$1
    shift
    : >"$work/log"
    expect "$codes" "${forbid[@]}" netfilter "$RUDEPROXY" exec --seed 1 --log "$work/log" --log-format json "$@"
}
get=(curl -q -sS --noproxy '*' --max-time 20 -o /dev/null -w '%{remote_ip} %{http_code}')

listed 0 --intercept "$port" -- "${get[@]}" "http://127.0.0.1:$port/"
same "what curl dialled" "127.0.0.1 200" "$(cat "$work/out")"
says "$work/err" 'the kernel cannot redirect connections'
says "$work/log" '"event":"open",.*"server":"127.0.0.1:'"$port"'"'
listed 0 --intercept "80-82,$port" --upstream builtin:http -- "${get[@]}" http://203.0.113.9:82/
same "what curl dialled" "203.0.113.9 200" "$(cat "$work/out")"
# Other ports are refused, unless they pass; and a port where a server of the command listens is its own.
listed 7 --intercept "$other" -- "${get[@]}" "http://127.0.0.1:$port/"
says "$work/err" "refused the command: 127.0.0.1:$port .*--pass $port\$"
listed 0 --intercept "$other" --pass "$port" -- "${get[@]}" "http://127.0.0.1:$port/"
if grep -q '"event":"open"' "$work/log"; then fail "a passed connection left a record"; fi
listed 1 --intercept "$other" --pass all -- true
says "$work/err" 'cannot redirect connections'
# One host of a port, and faults of the listening socket.
listed 56 --intercept "127.0.0.2:$port" --fault 'type=reset when=bytes:10' -- "${get[@]}" "http://127.0.0.2:$port/"
listed 0 --intercept "127.0.0.2:$port" --fault 'type=reset when=bytes:10' -- "${get[@]}" "http://127.0.0.1:$port/"
# A socket serves every host of its port: stderr says which faults meet all of them.
listed 7 --intercept "127.0.0.2:$port" --fault 'type=refuse' -- "${get[@]}" "http://127.0.0.1:$port/"
says "$work/err" "^rudeproxy: 127.0.0.2:$port: here refuse meets every host of the port\$"
listed 7 --intercept "$port" --fault 'type=refuse' -- "${get[@]}" "http://127.0.0.1:$port/"
for fault in syn_blackhole no_accept; do
    listed 28 --intercept "$port" --fault "type=$fault" -- "${get[@]}" --max-time 1 "http://127.0.0.1:$port/"
    says "$work/log" '"event":"fault",.*"type":"'"$fault"'"'
done
# A proxy that goes while clients come for its port, by itself and while a fault keeps it closed.
# shellcheck disable=SC2016
listed 0 --intercept "$other" --admin 127.0.0.1:0 --ready-file "$work/ready" --ready-format text -- bash -c '
    api=
    for ((i = 0; i < 400 && ${#api} == 0; i++)); do
        sleep 0.05
        api=$(sed -n "s/^@admin //p" "$1")
    done
    call() { curl -q -sS --noproxy "*" --fail-with-body -o /dev/null -X "$1" -d "$3" "http://$api/v1/$2"; }
    ask() { curl -q -s --noproxy "*" --max-time 5 -o /dev/null http://203.0.113.9:81/; }
    for i in {1..20}; do
        call POST proxies "{\"name\": \"late\", \"intercept\": \"81\", \"upstream\": \"builtin:http\"}" || exit 90
        for ((k = 0; k < 400; k++)); do ! ask || break; sleep 0.05; done
        for k in 1 2 3 4; do ask & done
        [ $((i % 2)) = 0 ] || call POST proxies/late/faults "{\"type\": \"refuse\"}" || exit 91
        call DELETE proxies/late "" || exit 92
        wait
    done' sh "$work/ready"
# No descriptor is left for a client: the log says so, and the client is accepted when there is one again.
# shellcheck disable=SC2016
few='
    for i in {1..40}; do exec {fd}<>"/dev/tcp/203.0.113.9/81"; fds+=("$fd"); done
    for i in {1..200}; do
        ! grep -q "\"event\":\"accept_failed\"" "$1" || break
        sleep 0.05
    done
    [ "$i" -lt 200 ] || exit 90
    for fd in "${fds[@]}"; do exec {fd}>&-; done
    # The descriptors of the others are free when the proxy has seen their ends.
    for i in {1..200}; do
        ! curl -q -s --noproxy "*" --max-time 20 -o /dev/null http://203.0.113.9:81/ || exit 0
        sleep 0.05
    done
    exit 92'
(ulimit -n 64 && listed 0 --intercept 81 --upstream builtin:http --fault 'type=connect_delay for=2s connections=1-40' -- bash -c "$few" sh "$work/log") || exit
proxy_stop
