#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Names to listen on while the name server is mute: everything else goes on, and the change is made when the answer
# comes. The name server is one of a namespace.
if [ -z "${RUDEPROXY_NAMESPACE:-}" ] && [ "$(id -u)" -eq 0 ] && unshare -mn true 2>/dev/null; then
    RUDEPROXY_NAMESPACE=1 exec unshare -mn "$0" "$@"
fi
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
[ -n "${RUDEPROXY_NAMESPACE:-}" ] || skip "a name server of its own needs root"
need python3 curl ip jq

unset RES_OPTIONS # which the tests are run with
ip link set lo up
printf 'nameserver 127.0.0.1\noptions timeout:30 attempts:1\n' >"$work/resolv.conf"
printf 'hosts: files dns\n' >"$work/nsswitch.conf"
mount --bind "$work/resolv.conf" /etc/resolv.conf
mount --bind "$work/nsswitch.conf" /etc/nsswitch.conf
python3 "$(dirname "$0")/dns_server.py" --gate "$work/gate" {a,b,c,d,e,f}.test >>"$work/dns" &
servers+=($!)
: >>"$work/dns"
eventually 20 grep -q ready "$work/dns" || fail "the name server does not start"

# later NAME METHOD PATH BODY - asks in the background; its status goes to $work/NAME.status.
later() {
    web -o "$work/$1.answer" -w '%{http_code}' -X "$2" --data-binary "$4" "http://$api$3" >"$work/$1.status" 2>"$work/$1.err" &
    clients+=($!)
}
clients=()

# goes_on - the API, and the data path, while the answers are awaited.
goes_on() {
    call 200 GET /v1/version
    [ "$(web "http://$(proxy_address web)/bytes/5" | wc -c)" -eq 5 ] || fail "$1: no bytes through the proxy"
}

# asked NAME... - the name server was asked, and has not answered. Forgets it.
asked() {
    local name
    for name in "$@"; do
        eventually 20 grep -q "^asked $name$" "$work/dns" || fail "$name is not looked up"
    done
    : >"$work/dns"
}

api_start <<INI
[proxy web]
listen   = 127.0.0.1:0
upstream = builtin:http
INI
call 201 POST /proxies '{"name":"old","upstream":"127.0.0.1:1","listen":"127.0.0.1:0"}'
later post POST /proxies '{"name":"p","upstream":"127.0.0.1:1","listen":"a.test:0"}'
later populate POST /populate '[{"name":"q","upstream":"127.0.0.1:1"},{"name":"r","upstream":"127.0.0.1:1","listen":"b.test:0"}]'
later v1 PATCH /v1/proxies/old '{"listen":"c.test:0"}'
later unknown POST /v1/proxies '{"name":"no","upstream":"127.0.0.1:1","listen":"no.test:0"}'
asked a.test b.test c.test no.test
printf '\n[proxy loaded]\nlisten = d.test:0\nupstream = 127.0.0.1:1\n' >>"$proxy_ini"
kill -HUP "$proxy_pid"
asked d.test
for ((i = 0; i < 20; i++)); do
    goes_on "a mute name server"
done
call 200 GET /proxies
same "proxies before an answer" 'old web' "$(jq -r 'keys | join(" ")' "$work/answer")"
touch "$work/gate"
wait "${clients[@]}"
same "status of POST /proxies" 201 "$(cat "$work/post.status")"
same "status of POST /populate" 201 "$(cat "$work/populate.status")"
same "status of PATCH /v1/proxies/old" 200 "$(cat "$work/v1.status")"
same "status of a name that does not exist" 500 "$(cat "$work/unknown.status")"
grep -q 'cannot resolve no.test: ' "$work/unknown.answer" || fail "$(cat "$work/unknown.answer")"
eventually 20 grep -q 'rudeproxy: reloaded' "$proxy_err" || fail "the file is not loaded"
same "how often it was loaded" 1 "$(grep -c 'reloaded' "$proxy_err")"
call 200 GET /proxies
same "proxies behind the answers" 'loaded old p q r web' "$(jq -r 'keys | join(" ")' "$work/answer")"
says "$work/answer" '"loaded":.{0,40}"listen":"127.0.0.1:[1-9]'
goes_on "behind the answers"

# A name without an address leaves a proxy as it is, also at the port of its own listener.
port=$(proxy_address web) && port=${port##*:}
exec 3<>"/dev/tcp/127.0.0.1/$port"
call 500 PATCH /proxies/web "{\"listen\":\"no.test:$port\"}"
says "$work/answer" 'cannot resolve no.test: '
call 500 PATCH /v1/proxies/web "{\"listen\":\"no.test:$port\"}"
call 500 POST /populate "[{\"name\":\"web\",\"listen\":\"no.test:$port\",\"upstream\":\"builtin:http\"}]"
printf 'GET /bytes/5 HTTP/1.0\r\n\r\n' >&3
grep -q '200 OK' <&3 || fail "the connection has ended"
exec 3>&-
goes_on "a name without an address"

# A change that waits for a name is not made on another proxy that has the name of the first by then.
rm "$work/gate"
later replaced PATCH /v1/proxies/old '{"listen":"f.test:0"}'
asked f.test
call 204 DELETE /v1/proxies/old
call 201 POST /v1/proxies '{"name":"old","listen":"127.0.0.1:0","upstream":"builtin:echo"}'
port=$(jq -r '.listen | sub(".*:"; "")' "$work/answer")
exec 3<>"/dev/tcp/127.0.0.1/$port"
touch "$work/gate"
wait "${clients[-1]}"
same "status of a change of a removed proxy" 404 "$(cat "$work/replaced.status")"
echo still >&3
read -r -t 20 line <&3
same "a connection of the new proxy" still "$line"
exec 3>&-

# SIGTERM does not wait for a name, neither while one is asked for nor at the start.
rm "$work/gate"
later post POST /proxies '{"name":"s","upstream":"127.0.0.1:1","listen":"e.test:0"}'
asked e.test
proxy_stop
wait "${clients[-1]}" || true
printf '[proxy p]\nlisten = a.test:0\nupstream = 127.0.0.1:1\n' >"$work/named.ini"
"$RUDEPROXY" run -c "$work/named.ini" --admin 127.0.0.1:0 --ready-file "$work/named.ready" 2>"$work/named.err" &
proxy_pid=$!
asked a.test
proxy_err=$work/named.err
proxy_stop
[ ! -e "$work/named.ready" ] || fail "it was ready without an address"

# The answer ends the waiting of the start.
"$RUDEPROXY" run -c "$work/named.ini" --ready-file "$work/named.ready" 2>"$work/named.err" &
proxy_pid=$!
proxy_ready=$work/named.ready
asked a.test
touch "$work/gate"
eventually 20 proxy_started_or_gone || fail "it does not start: $(cat "$work/named.err")"
says "$work/named.ready" '127.0.0.1'
proxy_stop
