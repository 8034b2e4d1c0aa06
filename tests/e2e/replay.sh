#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The same seed injects the same faults; and rudeproxy replay makes a file of a log that injects them
# without chance.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
need curl

# exec_run INI LOG CMD ARGS... - with the log as JSON.
exec_run() {
    local ini=$1 log=$2
    shift 2
    rm -f "$log"
    expect 0 "$RUDEPROXY" exec -c "$ini" --log "$log" --log-format json -- "$@"
}

# faults_of LOG - what was injected: proxy, connection, direction and offset, whatever the fault's name.
faults_of() {
    sed -nE 's/.*"event":"fault","proxy":"([^"]*)",("connection":([0-9]+),"serial":[0-9]+,)?"fault":"[^"]*","type":"([^"]*)","direction":"([^"]*)","offset":([0-9]+).*/\1 \3 \4 \5 \6/p' "$1" |
        sort
}

# replayed LOG INI - turns a log into a file that check takes, and that has no chance left.
replayed() {
    expect 0 "$RUDEPROXY" replay "$1"
    mv "$work/out" "$2"
    expect 0 "$RUDEPROXY" check -c "$2"
    ! grep -qE '^(chance|times|clients|must_fire) ' "$2" || fail "chance is left in: $(cat "$2")"
}

# as_before WHAT LOG1 LOG2
as_before() {
    faults_of "$2" >"$work/first"
    faults_of "$3" >"$work/second"
    [ -s "$work/first" ] || fail "$1: nothing was injected"
    cmp -s "$work/first" "$work/second" || fail "$1: injected: $(diff "$work/first" "$work/second")"
}

# run_line <INI - the first line of a log made by hand.
run_line() {
    printf '{"time":"2024-05-06T07:08:09.000000Z","event":"run","config":"%s"}\n' "$(awk '{ printf "%s\\n", $0 }')"
}

# fault_line EVENT NUMBER SERIAL FAULT DIRECTION OFFSET OTHER_OFFSET - the next ones.
fault_line() {
    printf '{"time":"2024-05-06T07:08:10.000000Z","event":"%s","proxy":"web","connection":%d,"serial":%d,"fault":"%s","direction":"%s","offset":%d,"other_offset":%d}\n' "$@"
}

# --- Thirty connections, 40 % -------------------------------------------------------------------

cat >"$work/chance.ini" <<'INI'
[rudeproxy]
grace = 300ms

[proxy web]
listen   = 127.0.0.1:0
upstream = builtin:http

[fault cut]
type   = reset
when   = bytes:1k
chance = 40%
must_fire = yes

[fault late]
type   = corrupt
rate   = 0.1%
chance = 30%

[fault never]
type = close
when = bytes:1G
INI
# shellcheck disable=SC2016
thirty='curl -q -s --noproxy "*" --max-time 30 --http0.9 -H "Connection: close" -o "$0.#1" \
    "http://$RUDEPROXY_WEB_ADDR/bytes/5000?[1-30]"; true'

with_seed() { # SEED LOG BODIES
    sed "s/^\\[rudeproxy\\]/[rudeproxy]\\nseed = $1/" "$work/chance.ini" >"$work/seed.ini"
    exec_run "$work/seed.ini" "$2" bash -c "$thirty" "$3"
}

for run in 1 2 3; do
    with_seed 4711 "$work/log$run" "$work/body$run"
    as_before "run $run" "$work/log1" "$work/log$run"
done
count=$(faults_of "$work/log1" | grep -c reset)
if [ "$count" -lt 4 ] || [ "$count" -gt 22 ]; then
    fail "40 % of thirty connections are $count"
fi
with_seed 4712 "$work/other" "$work/body.other"
faults_of "$work/log1" >"$work/first"
faults_of "$work/other" >"$work/second"
! cmp -s "$work/first" "$work/second" || fail "another seed injects the same"

replayed "$work/log1" "$work/replay.ini"
says "$work/replay.ini" '^; .*left out: never$'
says "$work/replay.ini" '^\[fault cut\]$'
! grep -qx '\[fault never\]' "$work/replay.ini" || fail "a fault that never fired is in the replay"
exec_run "$work/replay.ini" "$work/again" bash -c "$thirty" "$work/body.again"
as_before "the replay" "$work/log1" "$work/again"
# The names are kept, so that the draws are, to the corrupted byte.
for ((i = 1; i <= 30; i++)); do
    cmp -s "$work/body1.$i" "$work/body.again.$i" || fail "connection $i got other bytes in the replay"
done

# A drawn seed is in the log.
exec_run "$work/chance.ini" "$work/drawn" bash -c "$thirty" "$work/body.drawn"
replayed "$work/drawn" "$work/replay.ini"
exec_run "$work/replay.ini" "$work/again" bash -c "$thirty" "$work/body.again"
as_before "the replay of a drawn seed" "$work/drawn" "$work/again"

# --- Faults by the clock, of several proxies, of the listening socket ---------------------------

cat >"$work/clock.ini" <<'INI'
[rudeproxy]
seed  = 3
grace = 300ms

[proxy one]
listen   = 127.0.0.1:0
upstream = builtin:echo

[proxy two]
listen   = 127.0.0.1:0
upstream = builtin:echo

[fault silent]
type = close
when = idle:5s
connections = every:2

[fault early]
type   = latency
delay  = 1ms
until  = eof
active = 0s-1h
times  = 2

[fault ping]
type = reset
when = match:"reset\r\n\x00 \x3b"
direction = upstream

[fault closed]
proxy  = two
type   = no_accept
active = 0s-100ms
INI
# talk HOST PORT WORDS - sends, and reads the echo; the connection stays open. The even ones are read to their end when all
# have been made. Silence counts from the start of the connection: five seconds are more than a busy machine takes to send.
# shellcheck disable=SC2016
talk='
    talk() {
        exec {fd}<>"/dev/tcp/$1/$2" || exit 90
        printf "%s" "$3" >&"$fd"
        read -r -t 60 -N "${#3}" echo <&"$fd" || exit 91
        fds+=("$fd")
    }
    for i in 1 2 3 4; do
        talk "$RUDEPROXY_ONE_HOST" "$RUDEPROXY_ONE_PORT" "word $i"
    done
    talk "$RUDEPROXY_TWO_HOST" "$RUDEPROXY_TWO_PORT" a
    talk "$RUDEPROXY_TWO_HOST" "$RUDEPROXY_TWO_PORT" "two words"
    for i in 1 3 5; do
        timeout 60 cat <&"${fds[i]}" || exit 92
    done'
exec_run "$work/clock.ini" "$work/clock.log" bash -c "$talk"
faults_of "$work/clock.log" | grep 'one 2 close downstream 6' >/dev/null || fail "idle: $(faults_of "$work/clock.log")"
replayed "$work/clock.log" "$work/clock.replay"
! grep -qE '^when *= *(idle|time)' "$work/clock.replay" || fail "a time is left in: $(cat "$work/clock.replay")"
says "$work/clock.replay" '^; .*when = idle:5s'
says "$work/clock.replay" '^; Of silent\.'
says "$work/clock.replay" '^active *= *0s-100ms'
exec_run "$work/clock.replay" "$work/clock.again" bash -c "$talk"
as_before "the replay of times" "$work/clock.log" "$work/clock.again"

# --- By the clock, before the reply ---------------------------------------------------------------

# A server that reads and says nothing. The reset stands behind the request, not before it.
cat >"$work/thinks.ini" <<'INI'
[proxy web]
listen   = 127.0.0.1:0
upstream = builtin:discard

[fault hang]
type = reset
when = idle:500ms
INI
# shellcheck disable=SC2016
ask='exec 3<>"/dev/tcp/$RUDEPROXY_WEB_HOST/$RUDEPROXY_WEB_PORT"; printf request >&3; timeout 60 cat <&3; true'
exec_run "$work/thinks.ini" "$work/thinks.log" bash -c "$ask"
same "the reset" 'web 1 reset downstream 0' "$(faults_of "$work/thinks.log")"
replayed "$work/thinks.log" "$work/thinks.replay"
says "$work/thinks.replay" '^direction *= *upstream$'
says "$work/thinks.replay" '^when *= *bytes:7$'
exec_run "$work/thinks.replay" "$work/thinks.again" bash -c "$ask"
same "the replayed reset" 'web 1 reset upstream 7' "$(faults_of "$work/thinks.again")"
says "$work/thinks.again" '"event":"closed".*"server":\{[^}]*"bytes_out":7[,}]'
# One that lasts keeps its direction, which `until` counts.
{
    run_line <<'INI'
[proxy web]
listen = 127.0.0.1:0
upstream = builtin:discard
[fault lost]
type = packet_loss
only = rst
side = client
when = idle:500ms
until = bytes:100
INI
    fault_line fault 1 1 lost downstream 0 7
} >"$work/lasts.log"
expect 0 "$RUDEPROXY" replay "$work/lasts.log"
says "$work/out" '^direction *= *downstream$'
says "$work/out" '^when *= *bytes:7$'
says "$work/out" '^when_direction *= *upstream$'
says "$work/out" '^until *= *bytes:100$'

# --- More connections than one line of a file holds ---------------------------------------------

{
    head -n 1 "$work/log1"
    for ((i = 1; i <= 1000; i++)); do
        printf '{"time":"2024-05-06T07:08:09.123456Z","event":"fault","proxy":"web","connection":%d,"fault":"cut","type":"reset","direction":"downstream","offset":1024}\n' $((i * 2 + i / 7))
    done
} >"$work/many.log"
replayed "$work/many.log" "$work/many.replay"
[ "$(grep -c '^\[fault cut' "$work/many.replay")" -gt 10 ] || fail "a thousand connections in few sections"
[ "$(wc -L <"$work/many.replay")" -le 197 ] || fail "a line is too long"
# What it selects is what the log says.
sed -nE 's/^connections *= *//p' "$work/many.replay" | tr , '\n' |
    awk -F - '{ for (i = $1; i <= $NF; i++) print i }' | sort -n >"$work/selected"
sed -nE 's/.*"connection":([0-9]+).*/\1/p' "$work/many.log" | sort -n >"$work/logged"
cmp "$work/selected" "$work/logged" || fail "the lists do not select what the log has"

# More sections than a file may have: a fault by the clock needs one for each byte.
{
    printf '[proxy web]\nlisten = 127.0.0.1:0\nupstream = builtin:http\n[fault late]\ntype = reset\nwhen = time:1s\n' | run_line
    awk 'BEGIN { for (i = 1; i <= 100000; i++) printf "{\"time\":\"2024-05-06T07:08:10.000000Z\",\"event\":\"fault\"," \
        "\"proxy\":\"web\",\"connection\":%d,\"fault\":\"late\",\"direction\":\"downstream\",\"offset\":%d}\n", i, i }'
} >"$work/sections.log"
expect 2 timeout 60 "$RUDEPROXY" replay "$work/sections.log"
says "$work/err" 'more than 4096 sections'

# --- Logs that are none -------------------------------------------------------------------------

broken() { # PATTERN - the file $work/broken is refused, and nothing is printed
    expect 2 "$RUDEPROXY" replay "$work/broken"
    says "$work/err" "$1"
    [ ! -s "$work/out" ] || fail "a file of a broken log: $(cat "$work/out")"
}
lines=$(wc -l <"$work/log1")
sed '5s/"time"/"ti/' "$work/log1" >"$work/broken"
broken 'broken:5: not JSON'
head -c -20 "$work/log1" >"$work/broken"
broken "broken:$lines: .*cut off"
sed '/"event":"fault"/s/"offset":[0-9]*/"offset":"x"/' "$work/log1" >"$work/broken"
broken 'broken:[0-9]+: .*"offset"'
sed '1s/\[proxy web\]/[poxy web]/' "$work/log1" >"$work/broken"
broken 'broken:1 .*poxy.*did you mean'
sed '1s/\[fault cut\]/[fault cat]/' "$work/log1" >"$work/broken"
broken 'the fault cut'
sed 1d "$work/log1" >"$work/broken"
broken 'broken:[0-9]+: .*"run"'
: >"$work/broken"
broken 'no "run" event'
printf 'a log\nas text\n' >"$work/broken"
broken 'no "run" event'
expect 2 "$RUDEPROXY" replay "$work/no-such-log"
says "$work/err" 'no-such-log'
expect 2 "$RUDEPROXY" replay
# On stderr a log stands among other lines; of several runs in one file the last one counts.
# The command may log JSON, too, or print what only looks like it: a dict of Python, a struct of Go.
{
    cat "$work/other"
    echo 'rudeproxy 0: seed'
    cat "$work/log1"
    printf '{"level":"info","msg":"hello"}\n{"event":"run","name":"tests"}\n{"event":"fault","id":7}\n{\n  "event": "lost"\n}\n'
    printf "{'status': 200}\n{1 2}\n{}\n"
} >"$work/mixed"
expect 0 "$RUDEPROXY" replay "$work/mixed"
says "$work/err" '10 lines are no events'
says "$work/err" '2 runs'
says "$work/out" '^seed *= *4711$'

# --- Connections that are numbered from 1 again ---------------------------------------------------

# event_line EVENT NUMBER SERIAL
event_line() {
    printf '{"time":"2024-05-06T07:08:10.000000Z","event":"%s","proxy":"web","connection":%d,"serial":%d}\n' "$@"
}
web_ini() { # TEXT
    printf '[proxy web]\nlisten = 127.0.0.1:0\nupstream = builtin:http\n%s\n' "$1"
}
{
    web_ini '[fault cut]
type = reset
when = bytes:100
[fault slow]
type = latency
delay = 1ms
active = 0s-1s
direction = downstream' | run_line
    event_line open 1 1
    printf '{"time":"2024-05-06T07:08:10.000000Z","event":"counts_reset","proxy":"web"}\n'
    fault_line fault 1 1 cut downstream 100 0
    event_line open 1 2
    fault_line fault 1 2 slow downstream 0 0
    # Of the old one: neither its end nor its window is that of the new one.
    fault_line fault_over 1 1 slow downstream 500 0
} >"$work/reset.log"
expect 0 "$RUDEPROXY" replay "$work/reset.log"
says "$work/out" '^; Never fired, left out: cut$'
says "$work/out" '^\[fault slow\]$'
! grep -qE '^(until|for)' "$work/out" || fail "the end of another connection: $(cat "$work/out")"

# The old connection 3 had no event before. Only `counts_reset` shows that its serial is an old one.
{
    head -n 2 "$work/reset.log"
    printf '{"time":"2024-05-06T07:08:10.000000Z","event":"counts_reset","proxy":"web","serial":7}\n'
    fault_line fault 3 7 cut downstream 100 0
    fault_line fault 1 8 slow downstream 0 0
} >"$work/dial.log"
expect 0 "$RUDEPROXY" replay "$work/dial.log"
says "$work/out" '^; Never fired, left out: cut$'
says "$work/out" '^\[fault slow\]$'

# --- Faults that wait for one by the clock, on any connection --------------------------------------

# The reset of connection 2 was the second one, at an earlier byte than that of connection 1: its section keeps the name.
{
    web_ini '[fault hang]
type = reset
when = idle:100ms
[fault down]
type = refuse
for = 1s
after = hang/any
[fault early]
type = reset
when = accept
after = hang/any' | run_line
    fault_line fault 1 1 hang downstream 2000 89
    printf '{"time":"2024-05-06T07:08:10.000000Z","event":"fault","proxy":"web","fault":"down","type":"refuse"}\n'
    fault_line fault 2 2 hang downstream 500 89
    fault_line fault 3 3 early downstream 0 0
} >"$work/any.log"
replayed "$work/any.log" "$work/any.replay"
# section NAME - the lines of the section, up to the next one.
section() {
    sed -n "/^\[fault $1\]\$/,/^\$/p" "$work/any.replay" >"$work/section"
}
section hang
says "$work/section" '^when *= *bytes:500$'
section hang-1
says "$work/section" '^when *= *bytes:2000$'
section down
says "$work/section" '^after *= *hang-1/any$'
section early
says "$work/section" '^after *= *hang-1/any$'
says "$work/section" '^when *= *accept$'
says "$work/section" '^connections *= *3$'

# The only fault that `down` can wait for was on connections that have other numbers now.
{
    cat "$work/any.log"
    printf '{"time":"2024-05-06T07:08:11.000000Z","event":"counts_reset","proxy":"web"}\n'
} >"$work/waits.log"
replayed "$work/waits.log" "$work/waits.replay"
says "$work/waits.replay" '^; Never fired, left out: hang$'
says "$work/waits.replay" '^; Waits for a fault that is not here, left out: down$'
! grep -q '^\[fault' "$work/waits.replay" || fail "a fault is left: $(cat "$work/waits.replay")"

# --- Several sections do not share a rate -----------------------------------------------------------

{
    web_ini '[fault slow]
type = bandwidth
rate = 1k/s
scope = proxy
when = time:1s' | run_line
    fault_line fault 1 1 slow downstream 100 0
    fault_line fault 2 2 slow downstream 200 0
} >"$work/shared.log"
replayed "$work/shared.log" "$work/shared.replay"
same "sections that say so" 1 "$(grep -c '^; In the run it shared one rate with slow' "$work/shared.replay")"

# --- A limit counts from where it began ---------------------------------------------------------

cat >"$work/limit.ini" <<'INI'
[proxy web]
listen   = 127.0.0.1:0
upstream = builtin:http

[fault slow]
type  = bandwidth
rate  = 1k/s
burst = 1

[fault cut]
type  = limit_data
bytes = 100
when  = time:50ms
INI
# shellcheck disable=SC2016
fetch='curl -q -sS --noproxy "*" --max-time 20 -o /dev/null "http://$RUDEPROXY_WEB_ADDR/bytes/2000" || true'
printf '[rudeproxy]\npcap = %s\n' "$work/limit.pcapng" >>"$work/limit.ini"
exec_run "$work/limit.ini" "$work/limit.1.log" sh -c "$fetch"
replayed "$work/limit.1.log" "$work/limit.again.ini"
cp "$work/limit.pcapng" "$work/limit.1.pcapng"
exec_run "$work/limit.again.ini" "$work/limit.2.log" sh -c "$fetch"
as_before "a limit" "$work/limit.1.log" "$work/limit.2.log"
cmp "$work/limit.1.pcapng" "$work/limit.pcapng" || fail "the replay is in the capture of the run that it repeats"

# --- What the API changed is not in the log -------------------------------------------------------

api_start <<'INI'
[proxy web]
listen   = 127.0.0.1:0
upstream = builtin:http

[fault cut]
type    = reset
when    = bytes:1k
enabled = no
INI
call 200 PATCH /v1/proxies/web/faults/cut '{"enabled":true,"when":"bytes:2k"}'
expect 56 web -o /dev/null "http://$(proxy_address web)/bytes/5000"
proxy_stop
cp "$proxy_log" "$work/api.log"
replayed "$work/api.log" "$work/api.ini"
says "$work/api.ini" '^; .*when = bytes:1k'
sed -i '/^admin /d' "$work/api.ini"
# shellcheck disable=SC2016
fetch='curl -q -sS --noproxy "*" --max-time 20 -o /dev/null "http://$RUDEPROXY_WEB_ADDR/bytes/5000" || true'
exec_run "$work/api.ini" "$work/api.again.log" sh -c "$fetch"
as_before "a fault that the API changed" "$work/api.log" "$work/api.again.log"
# So with the proxy.
sed -E '1s/(enabled *= )yes/\1no/g' "$work/api.log" >"$work/api.off.log"
replayed "$work/api.off.log" "$work/api.ini"
sed -i '/^admin /d' "$work/api.ini"
exec_run "$work/api.ini" "$work/api.again.log" sh -c "$fetch"
as_before "a proxy that the API enabled" "$work/api.log" "$work/api.again.log"

# --- A proxy that a reload removed ------------------------------------------------------------------

proxy_start <<INI
[proxy a]
listen   = 127.0.0.1:$(unused_port)
upstream = builtin:http

[fault cut]
proxy = a
type  = reset
when  = bytes:1k
INI
address=$(proxy_address a)
sed -i -e 's/^\[proxy a\]/[proxy b]/' -e 's/^proxy = a/proxy = b/' "$proxy_ini"
kill -HUP "$proxy_pid"
is_reloaded() { grep -q '"event":"reload"' "$proxy_log"; }
eventually 20 is_reloaded || fail "no reload: $(cat "$proxy_err")"
expect 56 web -o /dev/null "http://$address/bytes/5000"
proxy_stop
replayed "$proxy_log" "$work/renamed.ini"
says "$work/renamed.ini" '^\[proxy b\]'
! grep -q '^\[proxy a\]' "$work/renamed.ini" || fail 'a proxy that is gone is in the replay'
