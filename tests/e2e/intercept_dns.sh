#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# DNS under exec --intercept: the name servers of resolv.conf answer, over UDP and TCP, from the address that
# was asked; and a host is intercepted by what they answer.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
need python3 curl
{ [ "$(id -u)" -eq 0 ] && unshare -mn true 2>/dev/null; } || skip "a name server of its own needs root"
command -v setpriv >/dev/null || skip "setpriv is not installed"

cp "$RUDEPROXY" "$work/rudeproxy"
chmod 777 "$work"
chmod 755 "$work/rudeproxy"
cd "$work"
export PATH=/usr/sbin:/usr/bin:/sbin:/bin

# server.py WHERE APP: app.test is APP, all.many.test is 127.1.0.0 to 127.1.3.231, two.many.test the same in 127.2, everything else does not exist. The
# TTL is 0: nobody keeps it. The names that were asked for are in WHERE.asked.
cat >server.py <<'PYTHON'
import socket, struct, sys, threading

where, app = sys.argv[1:]
asked = open(where + ".asked", "ab", 0)

def answer(question):
    end = question.index(b"\0", 12) + 5
    name, kind = question[12 : end - 4], question[end - 4 : end - 2]
    asked.write(name + b"\n")
    found = {
        b"\x03app\x04test\0": [socket.inet_aton(app)],
        b"\x03two\x04many\x04test\0": [struct.pack(">BBH", 127, 2, n) for n in range(1000)],
        b"\x03all\x04many\x04test\0": [struct.pack(">BBH", 127, 1, n) for n in range(1000)],
    }.get(name)
    addresses = found if found and kind == b"\0\1" else []
    records = b"".join(b"\xc0\x0c\0\1\0\1\0\0\0\0\0\4" + address for address in addresses)
    code = b"\x81\x80" if found else b"\x81\x83"
    return question[:2] + code + struct.pack(">HHHH", 1, len(addresses), 0, 0) + question[12:end] + records

def serve_tcp(listener):
    while True:
        connection, _ = listener.accept()
        size = struct.unpack(">H", connection.recv(2))[0]
        reply = answer(connection.recv(size))
        connection.sendall(struct.pack(">H", len(reply)) + reply)
        connection.close()

udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.bind((where, 53))
tcp = socket.create_server((where, 53))
threading.Thread(target=serve_tcp, args=(tcp,), daemon=True).start()
open(where + ".ready", "w").close()
while True:
    question, client = udp.recvfrom(4096)
    udp.sendto(answer(question), client)
PYTHON

# Asks a server that only the command's network has: "ADDRESS FROM-WHERE" over UDP, then over TCP; then many
# questions at once.
cat >ask.py <<'PYTHON'
import socket, struct, sys

server = (sys.argv[1], 53)
question = lambda n: struct.pack(">HHHHHH", n, 0x100, 1, 0, 0, 0) + b"\x03app\x04test\0\0\1\0\1"
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.settimeout(20)
udp.sendto(question(7), server)
reply, source = udp.recvfrom(4096)
print(socket.inet_ntoa(reply[-4:]), source[0], source[1])
tcp = socket.create_connection(server, 20)
tcp.sendall(struct.pack(">H", len(question(8))) + question(8))
reply = tcp.makefile("rb").read()
print(socket.inet_ntoa(reply[-4:]), *tcp.getpeername())
sockets = []
for n in range(100):
    asker = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    asker.settimeout(20)
    asker.connect(server)
    asker.send(question(n))
    sockets.append(asker)
print(sum(asker.recv(4096)[:2] == struct.pack(">H", n) for n, asker in enumerate(sockets)))
PYTHON

# Asks for the many addresses of a name, then dials the first and the last one: how each ends.
cat >many.py <<'PYTHON'
import socket

udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.settimeout(20)
udp.sendto(b"\0\7\1\0\0\1\0\0\0\0\0\0\x03all\x04many\x04test\0\0\1\0\1", ("127.0.0.1", 53))
udp.recv(65536)
for address in "127.1.0.0", "127.1.3.231", "127.1.3.232":
    try:
        socket.create_connection((address, 8080), 20)
        print("taken by nobody")
    except ConnectionRefusedError:
        print("refused")
PYTHON

# Asks for the addresses of many names, then dials one that is taken by its name, and localhost.
cat >rest.py <<'PYTHON'
import socket

for name in b"all", b"two":
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.settimeout(20)
    udp.sendto(b"\0\7\1\0\0\1\0\0\0\0\0\0\x03" + name + b"\x04many\x04test\0\0\1\0\1", ("127.0.0.1", 53))
    udp.recv(65536)
for address in "127.0.0.2", "127.0.0.1":
    try:
        socket.create_connection((address, 8080), 20)
        print("not taken")
    except ConnectionRefusedError:
        print("refused")
PYTHON

# Asks each server over TCP.
cat >tcp.py <<'PYTHON'
import socket, struct, sys

question = struct.pack(">HHHHHH", 7, 0x100, 1, 0, 0, 0) + b"\x03app\x04test\0\0\1\0\1"
for server in sys.argv[1:]:
    tcp = socket.create_connection((server, 53), 20)
    tcp.sendall(struct.pack(">H", len(question)) + question)
    print(socket.inet_ntoa(tcp.makefile("rb").read()[-4:]))
PYTHON

# Asks a server that does not run for A and AAAA, from one socket, as the C library does. Prints how many questions are
# answered by a failure.
cat >pairs.py <<'PYTHON'
import socket, struct

failed = 0
for n in range(20):
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.settimeout(20)
    for kind in 1, 28:
        udp.sendto(struct.pack(">HHHHHH", 100 + kind, 0x100, 1, 0, 0, 0) + b"\x03app\x04test\0" + struct.pack(">HH", kind, 1), ("127.0.0.1", 53))
    try:
        answered = {(reply[:2], reply[3] & 15) for reply in (udp.recv(4096), udp.recv(4096))}
    except TimeoutError:
        break
    failed += len(answered & {(struct.pack(">H", 100 + kind), 2) for kind in (1, 28)})
print(failed)
PYTHON

# await.sh FILE... - waits until they are there, at most a minute.
cat >await.sh <<'AWAIT'
for file in "$@"; do
    until [ -e "$file" ]; do
        [ "$SECONDS" -lt 60 ] || { echo "there is no $file" >&2; exit 1; }
        sleep 0.05
    done
done
AWAIT

cat >inside.sh <<'INSIDE'
set -euf
ip link set lo up
printf 'nameserver 127.0.0.1\noptions timeout:5 attempts:2\n' >resolv.conf
mount --bind resolv.conf /etc/resolv.conf
printf 'hosts: files dns\n' >nsswitch.conf
mount --bind nsswitch.conf /etc/nsswitch.conf
python3 server.py 127.0.0.1 127.0.0.2 &
server=$!
python3 server.py 127.0.0.9 127.0.0.3 &
second=$!
./rudeproxy --listen 0.0.0.0:8080 --upstream builtin:http --log none --ready-file web.ready 2>web.err &
web=$!
trap 'kill "$server" "$second" "$web"' EXIT
bash await.sh 127.0.0.1.ready 127.0.0.9.ready web.ready
as="setpriv --reuid 65534 --regid 65534 --clear-groups"
get="curl -q -s --noproxy * --max-time 30 -o /dev/null -w %{remote_ip}"
run() { $as ./rudeproxy exec --log none "$@"; }

echo "asked: $(run --intercept 1 -- python3 ask.py 203.0.113.53 2>ask.err | tr '\n' ' ')"
echo "by name: $(run --intercept 8080 -- $get http://app.test:8080/ 2>/dev/null)"
code=0; run --intercept 1 -- $get http://none.test:8080/ >/dev/null 2>&1 || code=$?
echo "unknown: $code"
# This network has no route over IPv6, and so the command finds none; unless all connections lead elsewhere.
code=0; run --intercept 8080 -- $get -g "http://[2001:db8::1]:8080/" >/dev/null 2>&1 || code=$?
echo "without a route: $code"
code=0; run --intercept 8080 --upstream builtin:http -- $get -g "http://[2001:db8::1]:8080/" >/dev/null 2>&1 || code=$?
echo "with an upstream: $code"
# Taken by name: the name's address, and no other.
code=0; run --intercept app.test:8080 --fault 'type=reset when=bytes:10' -- $get http://app.test:8080/bytes/100 >/dev/null 2>&1 || code=$?
echo "the host: $code"
code=0; run --intercept app.test:8080 --fault 'type=reset when=bytes:10' -- $get http://127.0.0.3:8080/bytes/100 >/dev/null 2>&1 || code=$?
echo "another host: $code"
# No server is asked for localhost, also if /etc/hosts does not have it.
: >hosts
mount --bind hosts /etc/hosts
printf 'hosts: dns\n' >nsswitch.conf
: >127.0.0.1.asked
code=0; run --intercept localhost:8080,app.test:8080 --fault 'type=reset when=bytes:10 destinations=localhost' -- $get http://127.0.0.1:8080/bytes/100 >/dev/null 2>&1 || code=$?
echo "localhost: $code"
echo "looked up: $(tr -d '\000-\011\013-\037' <127.0.0.1.asked | sort -u | paste -sd' ')"
umount /etc/hosts
printf 'hosts: files dns\n' >nsswitch.conf
code=0; run --intercept app.test:8080 --fault type=refuse -- $get http://app.test:8080/ >/dev/null 2>&1 || code=$?
echo "the host refused: $code"
# Names that are looked up over a socket escape, and stderr says so.
escaping() { run --intercept "$1" -- true 2>&1 | grep -oE '/[a-z/.A-Z]*, and intercept' | tr '\n' ' '; }
mkdir run && mount --bind run /run
printf 'hosts: files dns\n' >nsswitch.conf
mkdir -p run/systemd/resolve run/nscd
python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("run/systemd/resolve/io.systemd.Resolve")'
echo "dns: $(escaping app.test:8080)"
printf 'hosts: files resolve dns\n' >nsswitch.conf
echo "resolve: $(escaping app.test:8080)$(escaping 8080)$(escaping localhost:8080)"
python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("run/nscd/socket")'
echo "nscd: $(escaping '*.test:8080')"
rm -r run/systemd run/nscd
printf 'hosts: files dns\n' >nsswitch.conf
# A name of 1000 addresses in ten terms.
terms=$(printf '*.many.test:%d,' 8080 81 82 83 84 85 86 87 88 89)
echo "many: $(run --intercept "${terms%,}" --fault type=refuse -- python3 many.py 2>many.err | tr '\n' ' ')"
# Other names do not displace those that are taken, and more than can be known is said.
echo "still taken: $(run --intercept localhost:8080,app.test:8080 --fault type=refuse -- python3 rest.py 2>rest.err | tr '\n' ' ')"
run --intercept '*.test:8080' -- python3 rest.py >/dev/null 2>more.err
echo "too many: $(grep -c 'the listed names have more than 1024 addresses' more.err)"
# Two servers: each is asked where it is asked for, any other address is the first.
cp resolv.conf one.conf
echo 'nameserver 127.0.0.9' >>resolv.conf
echo "over TCP: $(run --intercept 1 -- python3 tcp.py 127.0.0.1 127.0.0.9 203.0.113.53 2>tcp.err | tr '\n' ' ')"
cat one.conf >resolv.conf
# Not known at the start: learnt from the answer that passes.
kill "$server"; wait "$server" || true
rm 127.0.0.1.ready
echo "failures: $(run --intercept 1 -- python3 pairs.py 2>pairs.err)"
code=0; run --intercept app.test:8080 --fault 'type=reset when=bytes:10' -- bash -c '
    code=0; curl -q -s --noproxy "*" --max-time 30 http://app.test:8080/ || code=$?
    echo "$code" >down
    touch down.ready
    bash await.sh 127.0.0.1.ready || exit
    curl -q -s --noproxy "*" --max-time 30 http://app.test:8080/bytes/100 >/dev/null' 2>/dev/null &
run=$!
bash await.sh down.ready
python3 server.py 127.0.0.1 127.0.0.2 &
server=$!
wait "$run" || code=$?
echo "no server: $(cat down)"
echo "learnt: $code"
INSIDE
with_upstream=7
! have_ipv6 || with_upstream=0
expect 0 unshare -mn bash inside.sh
same "DNS" "asked: 127.0.0.2 203.0.113.53 53 127.0.0.2 203.0.113.53 53 100 
by name: 127.0.0.2
unknown: 6
without a route: 7
with an upstream: $with_upstream
the host: 56
another host: 0
localhost: 56
looked up: apptest
the host refused: 7
dns: 
resolve: /run/systemd/resolve/io.systemd.Resolve, and intercept 
nscd: /var/run/nscd/socket, and intercept 
many: refused refused taken by nobody 
still taken: refused refused 
too many: 1
over TCP: 127.0.0.2 127.0.0.3 127.0.0.2 
failures: 40
no server: 6
learnt: 56" "$(cat out)"
