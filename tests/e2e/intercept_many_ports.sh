#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# exec --intercept on a machine whose servers listen on thousands of ports: what nobody serves on a loopback address is
# refused, until there are more ports than the packet filter gets.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
need python3
{ [ "$(id -u)" -eq 0 ] && unshare -n true 2>/dev/null; } || skip "a network of its own needs root"
cp "$RUDEPROXY" "$work/rudeproxy"
cd "$work"

# listen.py COUNT - listens on so many ports, on each with one socket for all addresses and one for ::1, if there is IPv6.
cat >listen.py <<'PYTHON'
import resource, signal, socket, sys

count = int(sys.argv[1])
resource.setrlimit(resource.RLIMIT_NOFILE, (3 * count, 3 * count))
sockets = [socket.create_server(("0.0.0.0", 20000 + n)) for n in range(count)]
try:
    sockets += [socket.create_server(("::1", 20000 + n), family=socket.AF_INET6) for n in range(count)]
except OSError:
    pass
open("ready", "w").close()
signal.pause()
PYTHON

# dial.py PORT... - how each connection to 127.0.0.1 begins.
cat >dial.py <<'PYTHON'
import socket, sys

for port in sys.argv[1:]:
    try:
        socket.create_connection(("127.0.0.1", int(port)), 20)
        print("accepted")
    except ConnectionRefusedError:
        print("refused")
    except ConnectionResetError:
        print("accepted")  # and reset before this process ran again
PYTHON

cat >inside.sh <<'INSIDE'
set -eu
ip link set lo up
for count in "$@"; do
    rm -f ready
    python3 listen.py "$count" &
    until [ -e ready ]; do
        kill -0 "$!" || exit 1
        sleep 0.05
    done
    ./rudeproxy exec --intercept 1 --log none -- python3 dial.py 20000 $((19999 + count)) $((20000 + count)) 2>err | paste -sd' '
    grep -c 'listen on more than 4096 ports' err || true
    kill "$!"
    wait "$!" || true
done
INSIDE
expect 0 unshare -n bash inside.sh 1500 4096 4097
same "how connections begin" "accepted accepted refused
0
accepted accepted refused
0
accepted accepted accepted
1" "$(cat out)"
