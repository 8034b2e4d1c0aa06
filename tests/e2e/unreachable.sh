#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# An upstream that cannot be reached: what the client sees for each `unreachable`.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
need curl
dead=1 # tcpmux: nobody listens there, and the kernel gives it to nobody

proxy_start <<INI
[proxy by-default]
listen   = 127.0.0.1:0
upstream = 127.0.0.1:$dead

[proxy no-socket]
listen   = 127.0.0.1:0
upstream = unix:$work/nobody.sock

[proxy no-name]
listen          = 127.0.0.1:0
upstream        = rudeproxy-test.invalid:80
connect_timeout = 2s

[proxy closing]
listen      = 127.0.0.1:0
upstream    = 127.0.0.1:$dead
unreachable = close

[proxy hanging]
listen      = 127.0.0.1:0
upstream    = 127.0.0.1:$dead
unreachable = hang

[proxy refusing]
listen      = 127.0.0.1:0
upstream    = 127.0.0.1:$dead
unreachable = refuse

[proxy alive]
listen   = 127.0.0.1:$(unused_port)
upstream = builtin:http
INI

# A RST, never a clean end. It may meet curl as it waits for the answer (56), as it sends or asks for
# its peer's address (55), or as it asks how its connect() went (7); an empty reply (52) would be a FIN.
for proxy in by-default no-socket no-name; do
    for ((i = 0; i < 10; i++)); do
        received '56|55|7' "$proxy" /
        says "$work/err" 'reset by peer|broken pipe|getpeername|[Cc]ouldn.t connect'
        [ "$proxy" != no-name ] || break
    done
done
says "$proxy_log" '"event": *"connect_failed"'

# What the one does not disturb the other.
received 0 alive /

received 52 closing /
received 28 hanging / --max-time 2

# refuse: a reset at first, then a port as closed as the upstream's own.
received '56|55|7' refusing /
refused() {
    local code=0
    web -o /dev/null "http://$(proxy_address refusing)/" 2>"$work/err" || code=$?
    [ "$code" -eq 7 ] && grep -qiE "refused|couldn.t connect" "$work/err"
}
eventually 20 refused || fail "'refuse' does not close the listening socket: $(cat "$work/err")"
received 0 alive /

# Nobody at all listens where a stopped proxy was.
address=$(proxy_address alive)
proxy_stop
expect 7 web "http://$address/"
