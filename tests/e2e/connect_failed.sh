#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The event `connect_failed` of a name with several addresses: its address is the one that had its errno.
# Without IPv6 `localhost` is still 127.0.0.1 and ::1, and the second fails here, in this machine.
private=(unshare --net)
[ "$(id -u)" -eq 0 ] || private=(unshare --map-root-user --net)
if [ -z "${RUDEPROXY_NAMESPACE:-}" ] && "${private[@]}" true 2>/dev/null; then
    RUDEPROXY_NAMESPACE=1 exec "${private[@]}" "$0" "$@"
fi
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
need curl ip
[ -n "${RUDEPROXY_NAMESPACE:-}" ] || skip "no network of its own"
ip link set lo up
[ ! -e /proc/sys/net/ipv6 ] || echo 1 2>/dev/null >/proc/sys/net/ipv6/conf/all/disable_ipv6 || skip "IPv6 stays"

proxy_start <<'INI'
[proxy p]
listen   = 127.0.0.1:0
upstream = localhost:9
INI
received '7|52|55|56' p /
eventually 20 grep -q '"event":"connect_failed"' "$proxy_log" || fail "no connect_failed: $(cat "$proxy_log")"
line=$(grep '"event":"connect_failed"' "$proxy_log")
same "errno" ECONNREFUSED "$(sed -E 's/.*"errno":"([^"]*)".*/\1/' <<<"$line")"
same "address" 127.0.0.1:9 "$(sed -E 's/.*"address":"([^"]*)".*/\1/' <<<"$line")"
proxy_stop
