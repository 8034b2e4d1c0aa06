#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Our own API: faults of every type, proxies, connections, the run.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
need jq

nl=$'\n'
api_start <<'INI'
[proxy web]
listen   = 127.0.0.1:0
upstream = builtin:echo

[fault slow]
proxy     = web
type      = latency
direction = upstream
delay     = 1ms
INI
port=$(proxy_port web)

error() { # STATUS METHOD PATH BODY TEXT
    answers "$1" "$2" "$3" "$4" "{\"error\":\"$5\",\"status\":$1}$nl"
    head_says '^content-type: application/json.?$'
}

# says_error STATUS METHOD PATH BODY PATTERN
says_error() {
    call "$1" "$2" "$3" "$4"
    head_says '^content-type: application/json.?$'
    answer_field .status "$1"
    says "$work/answer" "$5"
}

echoes() { # FD WORD
    local line
    echo "$2" >&"$1"
    read -r -t 20 -u "$1" line || fail "no echo of $2"
    same "echo" "$2" "$line"
}

# --- The router, as JSON ------------------------------------------------------------------------

error 404 GET /v1 - 'there is no /v1; docs/API.md lists what is there'
error 404 GET /v1/nope - 'there is no /v1/nope; docs/API.md lists what is there'
error 405 PUT /v1/proxies - 'PUT is not allowed here, only GET'
head_says '^allow: GET'
error 400 GET /v1/proxies/%zz - 'the path is not encoded as RFC 3986 has it'
error 400 GET /v1/proxies/a%00b - 'the path is not encoded as RFC 3986 has it'

# --- The run ------------------------------------------------------------------------------------

answers 200 GET /v1/version - "{\"version\":\"$("$RUDEPROXY" --version | cut -d' ' -f2)\",\"toxiproxy\":\"2.12.0\",\"seed\":\"1\",\"uptime_us\":#}"
call 200 GET /v1/faults/catalogue
for type in $(jq -r '.types[].type' "$work/answer"); do
    expect 0 "$RUDEPROXY" faults "$type"
done
answer_field '.types | map(.type) | index("reset") != null' true
answer_field '.types | map(select(.type == "hold_fin"))[0].defaults.direction' both
answer_field '.envelope.keys | map(.key) | index("chance") != null' true
call 200 GET /v1/report
answer_field '.seed' 1
answer_field '.proxies[0].name' web
call 200 GET /v1/config
head_says '^content-type: text/plain; charset=utf-8'
cp "$work/answer" "$work/effective.ini"
expect 0 "$RUDEPROXY" check -c "$work/effective.ini"

# --- Faults -------------------------------------------------------------------------------------

faults=/v1/proxies/web/faults
error 404 GET /v1/proxies/none/faults - 'there is no proxy none'
error 404 GET $faults/none - 'the proxy web has no fault none'
error 404 PATCH $faults/none '{}' 'the proxy web has no fault none'
error 404 DELETE $faults/none - 'the proxy web has no fault none'
call 200 GET $faults
answer_field '.faults | map(.name) | join(" ")' slow
answer_field '.faults[0] | "\(.origin) \(.type) \(.delay) \(.must_fire) \(.enabled)"' 'file latency 1ms false true'

says_error 400 POST $faults 'x' 'is not JSON: line 1, column 1'
says_error 400 POST $faults '[]' 'no JSON object'
says_error 400 POST $faults '{"type":"reset","type":"close"}' 'duplicate'
says_error 400 POST $faults '{"type":"reset"} x' 'not JSON'
says_error 400 POST $faults '{}' 'name: it is missing'
says_error 400 POST $faults '{"type":"rest"}' "type: 'rest' is not a type of fault, did you mean 'reset'"
says_error 400 POST $faults '{"type":"reset","mdoe":"drain"}' "mdoe: unknown key, did you mean 'mode'"
says_error 400 POST $faults '{"type":"reset","mdoe":null}' "mdoe: unknown key"
says_error 400 POST $faults '{"type":"latency","delay":10}' "delay: '10' has no unit"
says_error 400 POST $faults '{"type":"latency","delay":"10ms","side":"client"}' 'side: has no effect'
says_error 400 POST $faults '{"type":"latency","delay":{}}' 'delay: an object is no value'
says_error 400 POST $faults '{"type":"reset","proxy":"web"}' 'proxy: '
says_error 400 POST $faults '{"type":"reset","name":""}' 'name: the name is empty'
says_error 400 POST $faults '{"type":"reset","name":3}' 'name: '
says_error 400 POST "$faults?connections=some" '{"type":"reset"}' "connections: 'some' is neither all nor new"
call 200 GET $faults
answer_field '.faults | length' 1

# Added to an open connection, changed, switched off and on, removed: while bytes flow.
exec 3<>"/dev/tcp/127.0.0.1/$port"
echoes 3 one
call 201 POST $faults '{"name":"late/down","type":"latency","delay":"200ms","connections":[1,2],"chance":"100%"}'
answer_field '"\(.name) \(.origin) \(.direction) \(.connections)"' 'late/down api downstream 1,2'
start=$(date +%s%N)
echoes 3 two
took=$((($(date +%s%N) - start) / 1000000))
[ "$took" -ge 195 ] || fail "the echo took $took ms with 200 ms of latency"
error 409 POST $faults '{"name":"late/down","type":"reset"}' "$(call 409 POST $faults '{"name":"late/down","type":"reset"}' && jq -r .error "$work/answer")"
# So late that the echo would not come in time.
call 200 PATCH $faults/late%2Fdown '{"enabled":false,"delay":"1h"}'
answer_field '"\(.enabled) \(.delay)"' 'false 1h'
echoes 3 three
call 200 PATCH $faults/late%2Fdown '{"enabled":true,"delay":"20ms","chance":null}'
answer_field '"\(.enabled) \(.delay)"' 'true 20ms'
says_error 400 PATCH $faults/late%2Fdown '{"name":"x"}' 'a fault cannot be renamed'
says_error 400 PATCH $faults/late%2Fdown '{"delay":"x"}' 'delay: '
call 200 GET $faults/late%2Fdown
answer_field .delay 20ms
call 200 GET /v1/connections
answer_field '.connections[0].faults | map("\(.name) \(.phase)") | join(", ")' 'slow active, late/down active'
answers 204 DELETE $faults/late%2Fdown - ''
call 404 GET $faults/late%2Fdown

# Bytes as they are, or in the quotes of the file.
call 201 POST "$faults?connections=new" '{"name":"add","type":"inject","data":"<new>","when":"open"}'
answer_field .data '"<new>"'
echoes 3 four
exec 4<>"/dev/tcp/127.0.0.1/$port"
echo five >&4
read -r -t 20 -u 4 line
same "a new connection" '<new>five' "$line"
exec 4>&-
call 204 DELETE $faults/add
# Bytes that are not UTF-8 are shown so that they can be sent back.
bytes='{"name":"bytes","type":"inject","data":"\"\\x00\\xff\\xfeä\\\"\"","when":"match:\"\\xc3(\""}'
for ((i = 0; i < 2; i++)); do
    call 201 POST $faults "$bytes"
    answer_field '"\(.data) \(.when)"' '"\0\xff\xfeä\"" match:"\xc3("'
    bytes=$(jq -c '{name, type, data, when}' "$work/answer")
    call 204 DELETE $faults/bytes
done
# A default of the type is none of the change: hold_fin alone would hold the FINs of both directions.
call 201 POST $faults '{"type":"hold_fin","direction":"downstream","connections":"77"}'
call 200 PATCH $faults/hold_fin '{"enabled":false}'
call 200 PATCH $faults/hold_fin '{"enabled":true}'
answer_field .direction downstream
call 200 PATCH $faults/hold_fin '{"direction":null}'
answer_field .direction both
call 204 DELETE $faults/hold_fin
call 201 POST $faults '{"name":"other","type":"reset","connections":"77"}'
call 200 PATCH $faults/other '{"type":"latency","delay":"5ms"}'
answer_field '"\(.type) \(.direction) \(.side)"' 'latency downstream null'
call 204 DELETE $faults/other
# Numbers and lists.
call 201 POST $faults '{"name":"many","type":"inject","random":10,"times":3,"connections":["7","9-"],"must_fire":false}'
answer_field '"\(.random) \(.times) \(.connections)"' '10 3 7,9-'
call 204 DELETE $faults/many

# --- Connections --------------------------------------------------------------------------------

call 200 GET /v1/proxies/web/connections
answer_field '.connections | length' 1
answer_field '.connections[0] | "\(.proxy) \(.number) \(.state) \(.client.state) \(.server.state)"' 'web 1 open open open'
answer_field '.connections[0] | "\(.client.bytes_in) \(.server.bytes_out) \(.client.bytes_out)"' '19 19 19'
answer_field '.connections[0].client.tcp.state' established
answer_field '.connections[0].upstream.forwarded' 19
call 200 GET /v1/proxies/web/connections/1
answer_field '"\(.number) \(.serial)"' '1 1'
error 404 GET /v1/proxies/web/connections/77 - 'the proxy web has no open connection 77'
for number in %201 +1 0 1x 18446744073709551617 ''; do
    call 404 GET "/v1/proxies/web/connections/$number"
    call 404 DELETE "/v1/proxies/web/connections/$number"
done
error 404 GET /v1/proxies/none/connections - 'there is no proxy none'
call 404 DELETE /v1/proxies/web/connections/77
error 404 DELETE /v1/proxies/web/connections/x - "invalid connection number 'x'"
error 400 DELETE '/v1/proxies/web/connections/1?how=latency' - 'how: latency does not end a connection'
says_error 400 DELETE '/v1/proxies/web/connections/1?how=rest' '' "did you mean 'reset'"
says_error 400 POST /v1/proxies/web/connections/1/faults '{"type":"latency"}' 'delay: '
says_error 400 POST /v1/proxies/web/connections/1/faults '{"type":"reset","connections":[5]}' 'exclude connection 1"'
says_error 400 DELETE '/v1/proxies/web/connections/1?enabled=no' '' 'exclude connection 1"'
says_error 400 DELETE '/v1/proxies/web/connections/1?when=accept' '' 'when = accept is past'
echoes 3 six

# One connection gets a fault of its own.
call 204 POST /v1/proxies/web/connections/1/faults '{"type":"inject","data":"!"}'
echo seven >&3
read -r -t 20 -u 3 line
same "injected" '!seven' "$line"
call 204 DELETE '/v1/proxies/web/connections/1?how=close'
status=0
read -r -t 20 -u 3 line || status=$?
same "closed" 1 "$status"
exec 3>&-
eventually 20 closed_line 1 >/dev/null || fail "no closed event of connection 1 in the log"
says "$proxy_log" '"event":"closed".*"cause":"fault"'
call 404 GET /v1/proxies/web/connections/1

# What a reader leaves unread is never acknowledged: a DELETE does not wait for it.
call 201 POST /v1/proxies '{"name":"flood","listen":"127.0.0.1:0","upstream":"builtin:chargen"}'
flood=/v1/proxies/flood/connections/1
exec 3<>"/dev/tcp/127.0.0.1/$(jq -r .listen "$work/answer" | cut -d: -f2)"
is_blocked() {
    call 200 GET $flood
    [ "$(jq '.downstream.held' "$work/answer")" -gt 0 ]
}
eventually 20 is_blocked || fail "the reader takes everything: $(cat "$work/answer")"
call 204 DELETE "$flood?mode=drain"
call 200 GET $flood
answer_field .state ending
says_error 400 DELETE "$flood?how=close" '' 'connection 1 is ending already; only an abrupt reset'
says_error 400 DELETE "$flood?enabled=no" '' 'exclude connection 1"'
call 204 DELETE $flood
call 404 GET $flood
exec 3>&-
call 204 DELETE /v1/proxies/flood

# The state of a proxy has the bytes of its open connections, and keeps them when they have ended.
call 201 POST /v1/proxies '{"name":"counted","listen":"127.0.0.1:0","upstream":"builtin:echo"}'
exec 3<>"/dev/tcp/127.0.0.1/$(jq -r .listen "$work/answer" | cut -d: -f2)"
printf '%099d\n' 0 >&3
read -r -t 20 -u 3 line
counts_are() { # EXPECTED
    call 200 GET /v1/proxies/counted
    [ "$(jq -r '.state | "\(.bytes_upstream) \(.bytes_downstream) \(.open) \(.closed)"' "$work/answer")" = "$1" ]
}
counts_are '100 100 1 0' || fail "the bytes of an open connection are not counted: $(cat "$work/answer")"
exec 3>&-
eventually 20 counts_are '100 100 0 1' || fail "the bytes of an ended connection are not counted: $(cat "$work/answer")"
call 204 DELETE /v1/proxies/counted

# --- Proxies ------------------------------------------------------------------------------------

says_error 400 POST /v1/proxies '{"name":"p"}' 'listen: the key is missing'
says_error 400 POST /v1/proxies '{"name":"p","listen":"127.0.0.1:0","upstream":"127.0.0.1:1","bufer":"64k"}' "bufer: unknown key, did you mean 'buffer'"
says_error 400 POST /v1/proxies '{"name":"p","listen":"127.0.0.1:0","upstream":"127.0.0.1:1","bufer":null}' "bufer: unknown key"
says_error 400 POST /v1/proxies '{"listen":"127.0.0.1:0","upstream":"127.0.0.1:1"}' 'name: it is missing'
call 201 POST /v1/proxies '{"name":"p","listen":"127.0.0.1:0","upstream":"builtin:discard","buffer":"64k","nodelay":false,"unreachable":"close"}'
answer_field '"\(.origin) \(.buffer) \(.nodelay) \(.state.listening) \(.state.open)"' 'api 64k false true 0'
call 409 POST /v1/proxies '{"name":"p","listen":"127.0.0.1:0","upstream":"builtin:discard"}'
call 200 PATCH /v1/proxies/p '{"buffer":null}'
answer_field '"\(.buffer) \(.nodelay)"' 'auto false'
call 200 GET /v1/proxies/p
call 200 GET /v1/proxies
answer_field '.proxies | map(.name) | join(" ")' 'web p'

# What leads nowhere may stay while another key changes.
call 201 POST /proxies '{"name":"lost","upstream":"no-port"}'
call 200 PATCH /v1/proxies/lost '{"buffer":"64k"}'
answer_field '"\(.upstream) \(.buffer)"' 'no-port 64k'
says_error 400 PATCH /v1/proxies/lost '{"upstream":null}' 'upstream: '
says_error 400 PATCH /v1/proxies/lost '{"upstream":"none"}' 'upstream: '
call 204 DELETE /v1/proxies/lost

# --- Reload -------------------------------------------------------------------------------------

call 201 POST $faults '{"name":"mine","type":"reset","when":"bytes:1M"}'
call 200 PATCH $faults/slow '{"delay":"7ms"}'
says_error 400 POST '/v1/reload?api=some' '' 'neither keep nor drop'
answers 204 POST /v1/reload - ''
call 200 GET $faults
answer_field '.faults | map("\(.name) \(.delay)") | join(", ")' 'slow 1ms, mine null'
call 200 GET /v1/proxies
answer_field '.proxies | map(.name) | join(" ")' 'web p'
printf '[proxy web]\nlisten = nonsense\n' >>"$proxy_ini"
call 400 POST /v1/reload
answer_field '.problems | length > 0' true
sed -i '$d' "$proxy_ini"
sed -i '$d' "$proxy_ini"
answers 204 POST '/v1/reload?api=drop' - ''
call 200 GET $faults
answer_field '.faults | map(.name) | join(" ")' slow
call 404 GET /v1/proxies/p
call 204 DELETE /v1/proxies/web
call 404 GET /v1/proxies/web
proxy_stop
