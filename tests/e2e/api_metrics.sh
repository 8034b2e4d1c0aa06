#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# /metrics: the form of every line, and counters that move while connections live.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

api_start <<INI
[proxy echo]
listen   = 127.0.0.1:$(unused_port)
upstream = builtin:echo

[fault cut]
type        = reset
when        = bytes:20
connections = 2
INI
port=$(proxy_port echo)

# value NAME-AND-LABELS - of one sample.
value() {
    call 200 GET /metrics
    awk -v name="$1" 'index($0, name " ") == 1 { print $NF }' "$work/answer"
}

is_value() { # NAME EXPECTED
    [ "$(value "$1")" = "$2" ]
}

# well_formed - every line as the exposition format has it; families are announced once, before their
# samples, and stand together.
well_formed() {
    awk '
        function bad(why) { print "line " NR ": " why ": " $0; failed = 1 }
        /^# HELP [a-zA-Z_:][a-zA-Z0-9_:]* ./ { help[$3]++; next }
        /^# TYPE [a-zA-Z_:][a-zA-Z0-9_:]* (counter|gauge|histogram)$/ {
            if (help[$3] != 1) bad("no single HELP before it")
            if (type[$3] != "") bad("announced twice")
            type[$3] = $4; family = $3; next
        }
        /^#/ { bad("an unknown comment"); next }
        !/^[a-zA-Z_:][a-zA-Z0-9_:]*(\{([a-zA-Z_][a-zA-Z0-9_]*="([^"\\\n]|\\\\|\\"|\\n)*",?)*\})? [0-9.e+-]+$/ { bad("no sample"); next }
        {
            name = $0; sub(/[{ ].*/, "", name)
            base = name; if (type[family] == "histogram") sub(/_(bucket|sum|count)$/, "", base)
            if (base != family) bad("outside its family")
            if (type[family] == "counter" && name !~ /_total$/) bad("a counter without _total")
            series = $0; sub(/ [^ ]*$/, "", series)
            if (seen[series]++) bad("twice")
        }
        END { exit failed }' "$work/answer" || fail "/metrics is not well formed"
    [ "$(tail -c 1 "$work/answer" | od -An -tx1)" = ' 0a' ] || fail "the last line has no end"
}

call 200 GET /metrics
head_says '^content-type: text/plain; version=0.0.4; charset=utf-8'
well_formed
call 200 POST /metrics
same "buckets of the loop's lag" '0.0001 0.00025 0.0005 0.001 0.002 0.005 0.01 0.02 0.05 0.1 0.2 0.5 1 2 +Inf' \
    "$(sed -nE 's/^rudeproxy_loop_lag_seconds_bucket\{le="([^"]*)"\}.*/\1/p' "$work/answer" | paste -sd' ')"

labels="listener=\"127.0.0.1:$port\",proxy=\"echo\",upstream=\"builtin:echo\""
received=toxiproxy_proxy_received_bytes_total
sent=toxiproxy_proxy_sent_bytes_total
same "before" 0 "$(value "$received{direction=\"upstream\",$labels}")"

# --- While it lives -----------------------------------------------------------------------------

exec 3<>"/dev/tcp/127.0.0.1/$port"
echo 123456789 >&3
read -r -t 20 -u 3 line
same "echo" 123456789 "$line"
for direction in upstream downstream; do
    same "received $direction" 10 "$(value "$received{direction=\"$direction\",$labels}")"
    same "sent $direction" 10 "$(value "$sent{direction=\"$direction\",$labels}")"
done
same "open" 1 "$(value 'rudeproxy_connections_open{proxy="echo"}')"
same "ended" 0 "$(value 'rudeproxy_connections_ended_total{proxy="echo",cause="client_fin"}')"
exec 3>&-
eventually 20 is_value 'rudeproxy_connections_open{proxy="echo"}' 0 || fail "still open"
same "after it" 10 "$(value "$sent{direction=\"upstream\",$labels}")"
same "ended" 1 "$(value 'rudeproxy_connections_ended_total{proxy="echo",cause="client_fin"}')"
same "FIN of the client" 1 "$(value 'rudeproxy_sockets_ended_total{proxy="echo",side="client",how="fin_received"}')"

# --- A fault ------------------------------------------------------------------------------------

exec 3<>"/dev/tcp/127.0.0.1/$port"
echo 1234567890123456789012345 >&3
read -r -t 20 -u 3 line 2>/dev/null || true
exec 3>&-
eventually 20 is_value 'rudeproxy_fault_fired_total{fault="cut",proxy=""}' 1 || fail "the fault is not counted"
eventually 20 is_value 'rudeproxy_connections_ended_total{proxy="echo",cause="fault"}' 1 || fail "nor its end"
same "RST to the client" 1 "$(value 'rudeproxy_sockets_ended_total{proxy="echo",side="client",how="rst_sent"}')"
same "accepted" 2 "$(value 'rudeproxy_connections_accepted_total{proxy="echo"}')"

# A proxy of the same name goes on counting: a counter never falls.
call 204 DELETE /proxies/echo
call 201 POST /proxies "{\"name\":\"echo\",\"listen\":\"127.0.0.1:$port\",\"upstream\":\"builtin:echo\"}"
eventually 20 is_value 'rudeproxy_connections_ended_total{proxy="echo",cause="client_fin"}' 1 || fail "the past is lost"
same "accepted" 2 "$(value 'rudeproxy_connections_accepted_total{proxy="echo"}')"
exec 3<>"/dev/tcp/127.0.0.1/$port"
echo 1 >&3
read -r -t 20 -u 3 line
same "accepted" 3 "$(value 'rudeproxy_connections_accepted_total{proxy="echo"}')"
call 204 POST /v1/reset-counts
same "accepted" 3 "$(value 'rudeproxy_connections_accepted_total{proxy="echo"}')"
exec 3>&-
eventually 20 is_value 'rudeproxy_connections_open{proxy="echo"}' 0 || fail "still open"
same "accepted" 3 "$(value 'rudeproxy_connections_accepted_total{proxy="echo"}')"

# Nor while connections of a proxy that has moved go on.
printf '\n[proxy moving]\nlisten = 127.0.0.1:0\nupstream = builtin:echo\n' >>"$proxy_ini"
call 204 POST /v1/reload
call 200 GET /proxies/moving
exec 3<>"/dev/tcp/127.0.0.1/$(sed -E 's/.*"listen":"127.0.0.1:([0-9]+).*/\1/' "$work/answer")"
echo 123456789 >&3
read -r -t 20 -u 3 line
sed -i '/^\[proxy moving\]/,$s/^listen.*/listen = 127.0.0.2:0/' "$proxy_ini"
call 204 POST /v1/reload
call 200 GET /proxies/moving
labels="listener=\"$(sed -E 's/.*"listen":"([^"]*)".*/\1/' "$work/answer")\",proxy=\"moving\",upstream=\"builtin:echo\""
says "$work/answer" '"listen":"127.0.0.2:'
same "sent" 10 "$(value "$sent{direction=\"upstream\",$labels}")"
same "received" 10 "$(value "$received{direction=\"downstream\",$labels}")"
same "accepted" 1 "$(value 'rudeproxy_connections_accepted_total{proxy="moving"}')"
same "open" 1 "$(value 'rudeproxy_connections_open{proxy="moving"}')"
exec 3>&-
eventually 20 is_value 'rudeproxy_connections_open{proxy="moving"}' 0 || fail "still open"
same "sent" 10 "$(value "$sent{direction=\"upstream\",$labels}")"
same "accepted" 1 "$(value 'rudeproxy_connections_accepted_total{proxy="moving"}')"

# Names that need escapes.
call 201 POST /proxies '{"name":"a \"b\" \\","upstream":"x:1"}'
call 200 GET /metrics
well_formed
says "$work/answer" 'proxy="a \\"b\\" \\\\"'

# One path that is not UTF-8 does not spoil the rest, and two bytes of it are two characters.
printf '\n[proxy bytes]\nlisten = unix:%s/\xff\xfe\nupstream = builtin:echo\n' "$work" >>"$proxy_ini"
call 204 POST /v1/reload
call 200 GET /metrics
well_formed
iconv -f UTF-8 -t UTF-8 "$work/answer" >/dev/null || fail "/metrics is not UTF-8"
says "$work/answer" "listener=\"unix:$work/"$'\xef\xbf\xbd\xef\xbf\xbd'"\",proxy=\"bytes\""
proxy_stop
