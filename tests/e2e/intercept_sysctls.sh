#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The command of exec --intercept has the machine's settings of the network: each is changed outside, in a
# network of this test's own, and read inside.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
{ [ "$(id -u)" -eq 0 ] && unshare -n true 2>/dev/null; } || skip "a network of its own needs root"
need setpriv
users=root
! setpriv --reuid 65534 --regid 65534 --clear-groups unshare -Un true 2>/dev/null || users='root nobody'
cp "$RUDEPROXY" "$work/rudeproxy" # where everybody may execute it
chmod 755 "$work/rudeproxy"

cat >"$work/rows" <<'ROWS'
core/somaxconn 77
ipv4/ip_default_ttl 77
ipv4/ip_local_port_range 20001 30000
ipv4/ip_local_reserved_ports 25000-25010
ipv4/ip_unprivileged_port_start 80
ipv4/tcp_fin_timeout 7
ipv4/tcp_keepalive_intvl 17
ipv4/tcp_keepalive_probes 7
ipv4/tcp_keepalive_time 777
ipv4/tcp_rmem 4096 65536 1000000
ipv4/tcp_sack 0
ipv4/tcp_syn_retries 2
ipv4/tcp_timestamps 0
ROWS
! [ -e /proc/sys/net/ipv6/bindv6only ] || printf 'ipv6/bindv6only 1\nipv6/conf/lo/disable_ipv6 1\n' >>"$work/rows"

cat >"$work/show" <<'SHOW'
while read -r name _; do
    printf '%s %s\n' "$name" "$(tr '\t' ' ' <"/proc/sys/net/$name")"
done <rows
SHOW
cat >"$work/inside" <<'INSIDE'
ip link set lo up
while read -r name value; do
    printf '%s\n' "$value" >"/proc/sys/net/$name" || exit 77
done <rows
bash show >outside
for user in $users; do
    as=
    [ "$user" = root ] || as='setpriv --reuid 65534 --regid 65534 --clear-groups'
    $as ./rudeproxy exec --intercept 80 --log none -- bash show >"$user" 2>err || exit 1
done
INSIDE
cd "$work"
code=0
users=$users unshare -n bash inside || code=$?
[ "$code" -ne 77 ] || skip "/proc/sys cannot be written here"
[ "$code" -eq 0 ] || fail "exit $code: $(cat err)"
same "the settings outside" "$(cat rows)" "$(cat outside)"
for user in $users; do
    same "the settings of the command of $user" "$(cat rows)" "$(cat "$user")"
done
