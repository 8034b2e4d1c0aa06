#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# A list of many connections comes in pieces, so that the data path goes on between them: it is whole, has each
# connection once, and its reader may be slow, or leave.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
need curl

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

call 200 GET '/v1/connections?limit=2'
same "connections of limit=2" 2 "$(listed)"
head_says '^content-length:'
call 200 GET "/v1/connections?limit=$((count + 100))"
same "connections below the limit" $((count + 1)) "$(listed)"
call 400 GET '/v1/connections?limit=-1'
expect 0 "$RUDEPROXY" top --once --host "http://$api"
same "connections of top, in lines" $((count < 500 ? count + 1 : 500)) "$(grep -c '^connection' "$work/out")"

call 200 GET /v1/proxies/other/connections
same "connections of the proxy" 1 "$(listed)"
head_says '^content-length:'
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

note "a reader that is slow holds up nobody, and may leave"
curl -q -sS --noproxy '*' --limit-rate 20k -o "$work/slow" "http://$api/v1/connections" &
reader=$!
servers+=("$reader")
eventually 20 test -s "$work/slow" || fail "the slow reader gets nothing"
printf 'x\n' >&5
read -r -t 20 reply <&5 || fail "no echo"
same "the echo" x "$reply"
child_runs "$reader" || fail "the slow reader was not slow: it has $(wc -c <"$work/slow") bytes"
kill "$reader"
wait "$reader" || true

note "the proxy goes while the list is read"
web --limit-rate 100k -o "$work/list" "http://$api/v1/connections" &
reader=$!
servers+=("$reader")
eventually 20 test -s "$work/list" || fail "the reader gets nothing"
child_runs "$reader" || fail "the reader was not slow: it has $(wc -c <"$work/list") bytes"
expect 0 web -f -X DELETE "http://$api/proxies/idle"
wait "$reader" || fail "the list has no end: exit $?"
exec 5>&-
proxy_stop
