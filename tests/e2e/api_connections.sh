#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# A list of many connections comes in pieces, so that the data path goes on between them: it is whole, has each
# connection once, and its reader may be slow, or leave.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
need curl jq

count=900
ulimit -S -n 4096 2>/dev/null || skip "no room for $count connections"
api_start <<'INI'
[proxy idle]
listen   = 127.0.0.1:0
upstream = builtin:discard

[proxy none]
listen   = 127.0.0.1:0
upstream = builtin:echo

[proxy other]
listen   = 127.0.0.1:0
upstream = builtin:echo
INI

idle=$(proxy_port idle)
for ((i = 0; i < count; i++)); do
    # shellcheck disable=SC2034 # it stays open
    exec {fd}<>"/dev/tcp/127.0.0.1/$idle"
done
exec 5<>"/dev/tcp/127.0.0.1/$(proxy_port other)"

# listed - how many different connections the last answer has.
listed() {
    grep -oE '"proxy":"[a-z]*","number":[0-9]*' "$work/answer" | sort -u | wc -l
}

all_are_there() {
    call 200 GET /v1/connections
    [ "$(listed)" -eq $((count + 1)) ]
}

eventually 20 all_are_there || fail "the list has $(listed) connections, not $((count + 1))"
same "elements" $((count + 1)) "$(grep -oE '"number":' "$work/answer" | wc -l)"
head_says '^transfer-encoding: chunked'
head_says '^content-type: application/json'
answer_field '.connections | length' $((count + 1))
[ "$(tail -c 2 "$work/answer")" = ']}' ] || fail "the list has no end"

# is_one_answer PATH - a list that was complete after its first piece. A piece has a time: a busy machine may need a few tries.
is_one_answer() {
    call 200 GET "$1"
    grep -qi '^content-length:' "$work/head"
}

eventually 20 is_one_answer '/v1/connections?limit=2' || fail "a short list comes in pieces: $(cat "$work/head")"
same "connections of limit=2" 2 "$(listed)"
call 200 GET "/v1/connections?limit=$((count + 100))"
same "connections below the limit" $((count + 1)) "$(listed)"
call 400 GET '/v1/connections?limit=-1'
expect 0 "$RUDEPROXY" top --once --host "http://$api"
same "connections of top, in lines" $((count < 500 ? count + 1 : 500)) "$(grep -c '^connection' "$work/out")"

eventually 20 is_one_answer /v1/proxies/other/connections || fail "a short list comes in pieces: $(cat "$work/head")"
same "connections of the proxy" 1 "$(listed)"
call 200 GET /v1/proxies/none/connections
same "the empty list" '{"connections":[]}' "$(cat "$work/answer")"

note "connections whose numbers begin at 1 again are listed behind the others"
call 204 POST /v1/reset-counts
exec 6<>"/dev/tcp/127.0.0.1/$(proxy_port other)"
is_second() {
    call 200 GET /v1/proxies/other/connections
    [ "$(grep -oE '"number":[0-9]*' "$work/answer" | paste -sd' ')" = '"number":1 "number":1' ]
}
eventually 20 is_second || fail "the new connection is not listed: $(cat "$work/answer")"
# Its number is the newer one's.
call 204 DELETE /v1/proxies/other/connections/1
status=0
read -r -t 20 reply <&6 || status=$?
same "the end of the newer connection" 1 "$status"
exec 6>&-
printf 'y\n' >&5
read -r -t 20 reply <&5 || fail "the older connection ended"
same "the echo" y "$reply"
call 200 GET /v1/proxies/other/connections/1

# ask_list - asks for the list on descriptor 7, and reads the first line of the answer.
ask_list() {
    exec 7<>"/dev/tcp/${api%:*}/${api##*:}"
    printf 'GET /v1/connections HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' >&7
    read -r -t 60 reply <&7 || fail "no answer: $reply"
    same "the status" $'HTTP/1.1 200 OK\r' "$reply"
}

note "a reader that takes nothing holds up nobody, and may leave"
# So that the list does not fit into the buffers of the two sockets.
read -r _ _ buffers </proc/sys/net/ipv4/tcp_wmem
read -r _ window _ </proc/sys/net/ipv4/tcp_rmem
for ((i = 0; i < 30; i++)); do
    call 201 POST /v1/proxies/idle/faults '{"name":"'"$(printf 'f%063d' "$i")"'","type":"noop"}'
done
call 200 GET /v1/connections
size=$(wc -c <"$work/answer")
[ "$size" -gt $((buffers + window)) ] || fail "the list has $size bytes, the buffers $((buffers + window))"
ask_list
printf 'x\n' >&5
read -r -t 20 reply <&5 || fail "no echo"
same "the echo" x "$reply"
exec 7>&-
printf 'y\n' >&5
read -r -t 20 reply <&5 || fail "no echo"
same "the echo" y "$reply"

note "the proxy goes while the list is read"
ask_list
call 204 DELETE /v1/proxies/idle
timeout 60 cat <&7 >"$work/list" || fail "the list does not end: exit $?"
exec 7>&-
same "the end of the list" $']}\r\n0\r\n\r\n.' "$(tail -c 9 "$work/list" && echo .)"
[ "$(wc -c <"$work/list")" -lt "$size" ] || fail "the list has connections of a proxy that was deleted"
exec 5>&-
proxy_stop
