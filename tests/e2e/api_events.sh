#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The event stream: what has been, what comes, going on behind an id, and what a slow reader misses.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

api_start <<'INI'
[proxy echo]
listen   = 127.0.0.1:0
upstream = builtin:echo
INI
port=$(proxy_port echo)

connect_once() {
    exec 3<>"/dev/tcp/127.0.0.1/$port"
    exec 3>&-
}

ids() { # FILE
    sed -nE 's/^id: ([0-9]+).*/\1/p' "$1"
}

# --- What has been ------------------------------------------------------------------------------

call 200 GET '/v1/events?follow=no'
head_says '^content-type: text/event-stream'
says "$work/answer" '^event: listening'
same "events" 1 "$(ids "$work/answer")"
connect_once
eventually 20 closed_line 1 >/dev/null || fail "no closed event"
call 200 GET '/v1/events?follow=no'
for event in listening open eof closed; do
    says "$work/answer" "^event: $event$"
done
# Every line of data is the log's own.
while IFS= read -r line; do
    grep -qxF "$line" "$proxy_log" || fail "not in the log: $line"
done < <(sed -n 's/^data: //p' "$work/answer")
last=$(ids "$work/answer" | tail -n 1)
same "ids" "$(seq 1 "$last")" "$(ids "$work/answer")"
call 200 GET "/v1/events?follow=no&after=$((last - 1))"
same "behind an id" "$last" "$(ids "$work/answer")"
call 200 GET "/v1/events?follow=no&after=$last"
same "behind the last" '' "$(cat "$work/answer")"
call 200 GET '/v1/events?follow=no' '' -H "Last-Event-ID: $((last - 2))"
same "Last-Event-ID" "$(seq $((last - 1)) "$last")" "$(ids "$work/answer")"
# An id of a run before this one.
call 200 GET '/v1/events?follow=no&after=1000000'
same "an id of another run" "$(seq 1 "$last")" "$(ids "$work/answer")"
# With the run's name it is known to be one.
run=$(sed -nE 's/^x-rudeproxy-run: ([0-9a-f]{16}).?$/\1/Ip' "$work/head")
call 200 GET "/v1/events?follow=no&after=$((last - 1))&run=$run"
same "the same run" "$last" "$(ids "$work/answer")"
head_says "^x-rudeproxy-run: $run.?$"
for other in 0 "0$run" ''; do
    call 200 GET "/v1/events?follow=no&after=$((last - 1))&run=$other"
    same "run=$other" "$(seq 1 "$last")" "$(ids "$work/answer")"
done
for bad in follow=maybe after=x after=-1 after=%201 after=18446744073709551616 after=; do
    call 400 GET "/v1/events?$bad&follow=no"
done

# --- What comes ---------------------------------------------------------------------------------

web -N "http://$api/v1/events" >"$work/live" 2>/dev/null &
servers+=("$!")
reader=$!
streams() {
    call 200 GET /metrics
    connect_once
    [ -s "$work/live" ]
}
eventually 20 streams || fail "no live events"
first=$(ids "$work/live" | sed -n 1p)
[ "$first" -gt "$last" ] || fail "a live stream begins with $first, and $last was old"
seen_all() {
    call 200 GET '/v1/events?follow=no'
    [ "$(ids "$work/live" | tail -n 1)" = "$(ids "$work/answer" | tail -n 1)" ]
}
eventually 20 seen_all || fail "the live stream lags: $(tail -n 3 "$work/live")"
kill "$reader"

# --- A reader that is too slow ------------------------------------------------------------------

# It asks, and does not read: its socket is full long before the ring has gone round.
exec 5<>"/dev/tcp/${api%:*}/${api##*:}"
printf 'GET /v1/events?after=0 HTTP/1.1\r\nHost: %s\r\n\r\n' "$api" >&5
many() { # so many connections, four events each
    local i
    for ((i = 0; i < $1; i++)); do
        connect_once
    done
}
many 1500
all_closed() {
    call 200 GET /metrics
    grep -qxF 'rudeproxy_connections_open{proxy="echo"} 0' "$work/answer"
}
eventually 60 all_closed || fail "connections stay open"
call 200 GET '/v1/events?follow=no'
newest=$(ids "$work/answer" | tail -n 1)
oldest=$(ids "$work/answer" | sed -n 1p)
[ "$newest" -gt 4200 ] || fail "only $newest events"
same "kept" 4096 "$(ids "$work/answer" | wc -l)"
call 200 GET '/v1/events?follow=no&after=1'
says "$work/answer" '^event: gap'
says "$work/answer" '^data: \{"missed":[1-9][0-9]*\}'
same "first after the gap" "$oldest" "$(ids "$work/answer" | sed -n 2p)"
exec 5>&-
proxy_stop
