#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# rudeproxy view draws each connection of a JSON log: in characters, as a page, as packets.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
need curl

cat >"$work/view.ini" <<'INI'
[rudeproxy]
log_format = json
grace = 300ms

[proxy web]
listen   = 127.0.0.1:0
upstream = builtin:http
protocol = http
log_messages = yes

[fault cut]
type  = reset
when  = bytes:1k
direction = downstream
INI
# shellcheck disable=SC2016
expect 0 "$RUDEPROXY" exec -c "$work/view.ini" --log "$work/run.log" -- bash -c '
    for size in 5000 500; do
        curl -q -sS --noproxy "*" -o /dev/null "http://$RUDEPROXY_WEB_ADDR/bytes/$size"
    done; true'

# in_order FILE TEXT... - the lines of FILE hold the texts in this order.
in_order() {
    local file=$1 from=1 found
    shift
    for text in "$@"; do
        found=$(tail -n "+$from" "$file" | grep -nF -m 1 -e "$text" | cut -d : -f 1) || true
        [ -n "$found" ] || fail "'$text' does not stand in its place in: $(cat "$file")"
        from=$((from + found))
    done
}

# --- In characters ------------------------------------------------------------------------------

expect 0 "$RUDEPROXY" view --text "$work/run.log"
in_order "$work/out" 'web#1' 'connects' 'GET /bytes/5000 HTTP/1.1' '1,024 bytes' 'cut: reset at byte 1,024 from the server' \
    'RST' 'ended by the fault cut' 'saw "connection reset"' 'web#2' 'GET /bytes/500' 'HTTP/1.1 200 OK' 'FIN'
! grep -qE '.{81}' "$work/out" || fail "longer than 80 characters: $(grep -E '.{81}' "$work/out")"

expect 0 "$RUDEPROXY" view --text "$work/run.log" 'web#2'
! grep -q 'web#1' "$work/out" || fail "a connection that was not asked for"
says "$work/out" 'web#2'

# Lost lines may be of any connection.
{ cat "$work/run.log" && printf '{"time":"2024-05-06T07:08:09.000000Z","event":"lost","count":7,"total":7}\n'; } >"$work/lost.log"
expect 0 "$RUDEPROXY" view --text "$work/lost.log"
says "$work/err" 'lost.log:[0-9]+: 7 lines of the log were lost here'

# --- As a page ----------------------------------------------------------------------------------

# An event that another program wrote, spoils no other connection.
{ cat "$work/run.log" && printf '{"time":"2024-05-06T07:08:09.000000Z","event":"closed","proxy":"other","connection":9}\n'; } \
    >"$work/foreign.log"
expect 0 "$RUDEPROXY" view "$work/foreign.log"
says "$work/out" '<!DOCTYPE html>'
says "$work/out" 'function drawConnection'
! grep -qE '(src|href)="' "$work/out" || fail "the page loads something"
cp "$work/out" "$work/run.html"
if command -v chromium >/dev/null; then
    HOME=$work timeout 60 chromium --headless --no-sandbox --disable-gpu --user-data-dir="$work/chromium" \
        --dump-dom "file://$work/run.html" >"$work/dom" 2>/dev/null || note "chromium did not run"
    if [ -s "$work/dom" ]; then
        in_order "$work/dom" '3 connections' '<svg' 'cut: reset' 'RST'
        says "$work/dom" 'other#9.*its events cannot be drawn'
    fi
fi

# --- Inserted bytes beside dropped ones ----------------------------------------------------------

cat >"$work/inserted.ini" <<'INI'
[rudeproxy]
log_format = json
grace = 300ms

[proxy web]
listen   = 127.0.0.1:0
upstream = builtin:http

[fault add]
type = inject
data = "HELLO"
when = bytes:0

[fault drop]
type = blackhole
when = bytes:100
INI
# shellcheck disable=SC2016
expect 0 "$RUDEPROXY" exec -c "$work/inserted.ini" --log "$work/inserted.log" -- bash -c '
    exec 3<>"/dev/tcp/$RUDEPROXY_WEB_HOST/$RUDEPROXY_WEB_PORT"
    printf "GET /bytes/5000 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" >&3
    timeout 60 cat <&3 | wc -c'
same "the client got" 105 "$(tr -d ' ' <"$work/out")"
says "$work/inserted.log" '"event":"closed".*"client":\{[^}]*"bytes_out":105,"inserted":5,'
expect 0 "$RUDEPROXY" view --text "$work/inserted.log"
says "$work/out" '100 bytes'
says "$work/out" '5 bytes inserted'
! grep -q '105 bytes only' "$work/out" || fail "inserted bytes count as forwarded: $(cat "$work/out")"

# --- Two open connections with one number -------------------------------------------------------

api_start <<'INI'
[proxy echo]
listen   = 127.0.0.1:0
upstream = builtin:echo
INI
echo_port=$(proxy_port echo)
exec 5<>"/dev/tcp/127.0.0.1/$echo_port"
echo first >&5
read -r -t 20 <&5 || fail "no echo"
expect 0 "$RUDEPROXY" ctl --host "http://$api" reset-counts
exec 6<>"/dev/tcp/127.0.0.1/$echo_port"
echo the second >&6
read -r -t 20 <&6 || fail "no echo"
exec 5>&-
eventually 20 grep -q '"event":"closed"' "$proxy_log" || fail "the first connection does not end"
exec 6>&-
proxy_stop
expect 0 "$RUDEPROXY" view --text "$proxy_log"
in_order "$work/out" 'echo#1' '6 bytes' 'received 6 bytes' 'echo#1' '11 bytes' 'received 11 bytes'

# --- As packets ---------------------------------------------------------------------------------

# segments_of PORT - what tshark sees of the stream of the client's port: S, D, F, R, with > from the client.
segments_of() {
    awk -F '\t' -v client="$1" '$1 == client || $2 == client {
        kind = $3 ~ /S/ ? "S" : $3 ~ /F/ ? "F" : $3 ~ /R/ ? "R" : $4 > 0 ? "D" $4 : ""
        if (kind != "") printf "%s%s ", kind, $1 == client ? ">" : "<"
    }' "$work/frames"
}

# packets SEGMENTS FAULT... - runs one request with this fault; the client's stream in the packets is SEGMENTS, its
# server's has no more than that, and tshark warns of nothing but resets. One call of tshark prints all: its start costs more
# than its reading. The client gives up after $seconds. $work/frames has a line for each packet, then the table of warnings.
packets() {
    local wanted=$1 port
    shift
    { sed '/^\[fault/,$d' "$work/view.ini"; echo '[fault f]'; printf '%s\n' "$@"; } >"$work/packets.ini"
    rm -f "$work/packets.log"
    # shellcheck disable=SC2016
    expect 0 "$RUDEPROXY" exec -c "$work/packets.ini" --log "$work/packets.log" -- bash -c '
        curl -q -sS --noproxy "*" --max-time "$0" -o /dev/null "http://$RUDEPROXY_WEB_ADDR/bytes/5000"; true' "$seconds"
    expect 0 "$RUDEPROXY" view --pcapng "$work/packets.log"
    cp "$work/out" "$work/packets.pcapng"
    tshark -r "$work/packets.pcapng" -z expert,warn -T fields -e tcp.srcport -e tcp.dstport -e tcp.flags.str -e tcp.len \
        -e tcp.payload -e frame.comment >"$work/frames" 2>"$work/tshark.err" || fail "tshark: $(cat "$work/tshark.err")"
    port=$(sed -n 's/.*"event":"open".*"client":"127.0.0.1:\([0-9]*\)".*/\1/p' "$work/packets.log")
    same "$*: segments" "$wanted " "$(segments_of "$port" | sed -E 's/^(S> S< )D[0-9]+> /\1D> /')"
    ! grep -E '^ +[0-9]' "$work/frames" | grep -v 'Connection reset (RST)' || fail "$*: tshark warns"
    cut -f 6 "$work/frames" >"$work/comments"
    says "$work/comments" '(^|,)f: '
    says "$work/comments" '"event":"closed"'
}

if command -v tshark >/dev/null; then
    seconds=20
    packets 'S> S< D> D1024< R<' 'type = reset' 'when = bytes:1k' 'direction = downstream'
    packets 'S> S< D> D1024< F< F>' 'type = close' 'when = bytes:1k' 'direction = downstream'
    packets 'S> S< D> D5086< F> F<' 'type = hold_fin' 'direction = upstream' 'for = 100ms'
    seconds=10 packets 'S> S< D> D1024<' 'type = vanish' 'side = both' 'when = bytes:1k' 'direction = downstream'
    # What `capture` kept is the payload of the packets.
    sed -i '/^log_messages/s/.*/capture = 12/' "$work/view.ini"
    packets 'S> S< D> D1024< R<' 'type = reset' 'when = bytes:1k' 'direction = downstream'
    says "$work/packets.log" '"event":"message".*"line":"GET /bytes/5000 HTTP/1.1","bytes":"474554202f62797465732f35"'
    cut -f 5 "$work/frames" | sort | uniq -c >"$work/payloads"
    says "$work/payloads" '^ *2 474554202f62797465732f35$'
else
    note "tshark is not installed: packets are checked by unit.pcapng alone"
fi

# --- Payload ------------------------------------------------------------------------------------

sed -E 's/^(log_messages|capture).*/capture = 8/' "$work/view.ini" >"$work/capture.ini"
# shellcheck disable=SC2016
expect 0 "$RUDEPROXY" exec -c "$work/capture.ini" --log "$work/capture.log" -- bash -c '
    curl -q -sS --noproxy "*" -o /dev/null "http://$RUDEPROXY_WEB_ADDR/bytes/500"'
says "$work/capture.log" '"direction":"upstream",.*"line":"GET /bytes/500 HTTP/1.1","bytes":"474554202f627974"'
says "$work/capture.log" '"direction":"downstream",.*"line":"HTTP/1.1 200 OK","bytes":"485454502f312e31"'
! grep -q '"bytes":"' "$work/run.log" || fail "bytes are kept without capture"
sed -i '/^protocol/d' "$work/capture.ini"
expect 2 "$RUDEPROXY" check "$work/capture.ini"
says "$work/err" '\[proxy web\] capture: there are no messages without a protocol'

# --- Packets of a run that lasts ----------------------------------------------------------------

sed -E 's/^\[rudeproxy\]/&\npcap = live.pcapng/' "$work/view.ini" >"$work/live.ini"
for _ in 1 2; do
    # shellcheck disable=SC2016
    (cd "$work" && expect 0 "$RUDEPROXY" exec -c live.ini --log live.log -- bash -c '
        curl -q -sS --noproxy "*" -o /dev/null "http://$RUDEPROXY_WEB_ADDR/bytes/5000"; true')
done
tr -c '[:print:]' '\n' <"$work/live.pcapng" >"$work/live.text"
says "$work/live.text" 'cut: reset at byte 1,024 from the server|f: reset at byte'
says "$work/live.text" '"event":"closed"'
if command -v tshark >/dev/null; then
    same "RSTs of two runs" 4 "$(tshark -r "$work/live.pcapng" -Y tcp.flags.reset==1 2>/dev/null | wc -l)"
fi

# --- Packets without a log: all details are there -----------------------------------------------

printf '%s\n' '[rudeproxy]' 'log = none' "pcap = $work/details.pcapng" '[proxy chargen]' 'listen = 127.0.0.1:0' \
    'upstream = builtin:chargen' '[fault cut]' 'type = reset' 'mode = abrupt' 'when = time:2s' >"$work/details.ini"
# shellcheck disable=SC2016
expect 0 "$RUDEPROXY" exec -c "$work/details.ini" -- bash -c '
    exec 5<>"/dev/tcp/$RUDEPROXY_CHARGEN_HOST/$RUDEPROXY_CHARGEN_PORT"
    for ((i = 0; i < 200; i++)); do
        ! grep -qa "\"event\":\"closed\"" "$1" || break
        sleep 0.1
    done' - "$work/details.pcapng"
tr -c '[:print:]' '\n' <"$work/details.pcapng" >"$work/details.text"
says "$work/details.text" '"client":\{.*"unacked":[1-9][0-9]*.*"server":\{'

# --- The file of packets is rotated -------------------------------------------------------------

sed '/^\[rudeproxy\]/,/^$/d' "$work/view.ini" >"$work/rotated.ini"
proxy_start "pcap = $work/rotated.pcapng" <"$work/rotated.ini"
web -o /dev/null "http://$(proxy_address web)/bytes/5000" || true
packets_have() { tr -c '[:print:]' '\n' <"$1" | grep "\"connection\":$2,.*\"cause\"" >/dev/null; }
eventually 20 packets_have "$work/rotated.pcapng" 1 || fail "no packets of the first connection"
mv "$work/rotated.pcapng" "$work/rotated.1"
kill -HUP "$proxy_pid"
eventually 20 grep -q reloaded "$proxy_err" || fail "SIGHUP did nothing"
web -o /dev/null "http://$(proxy_address web)/bytes/5000" || true
proxy_stop
packets_have "$work/rotated.pcapng" 2 || fail "the new file has no second connection"
! packets_have "$work/rotated.pcapng" 1 || fail "the new file has the first connection"
! packets_have "$work/rotated.1" 2 || fail "the old file has the second connection"
! command -v tshark >/dev/null || for file in "$work/rotated.1" "$work/rotated.pcapng"; do
    same "RSTs in $file" 2 "$(tshark -r "$file" -Y tcp.flags.reset==1 2>/dev/null | wc -l)"
done

# --- What is no log -----------------------------------------------------------------------------

expect 2 "$RUDEPROXY" view
expect 2 "$RUDEPROXY" view --text --pcapng "$work/run.log"
expect 1 "$RUDEPROXY" view "$work/none.log"
says "$work/err" 'none.log: '
expect 1 "$RUDEPROXY" view "$work/run.log" nobody
says "$work/err" "no connection 'nobody'"
printf '{"event":"open",' >"$work/broken.log"
expect 1 "$RUDEPROXY" view "$work/broken.log"
says "$work/err" 'broken.log:1: the line is cut off'
