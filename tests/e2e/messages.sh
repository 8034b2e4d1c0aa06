#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The messages that a proxy sees between real clients and real servers are those that tshark's dissectors
# count on the same connections; and faults at messages, which count no bytes, are what the client reports.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
need curl openssl tshark psql mosquitto mosquitto_pub mariadb mariadbd mariadb-install-db
[ "$(id -u)" -eq 0 ] || skip "capturing needs root"

nginx_start
postgres_start
head -c 100000 /dev/zero >"$work/www/big"
echo small >"$work/www/small"

h2_try() {
    h2_port=$1
    cat >"$work/h2.conf" <<CONF
user root;
daemon off;
pid $work/h2.pid;
error_log $work/h2.error;
events { }
http { access_log off; server { listen 127.0.0.1:$1 http2; root $work/www; } }
CONF
    nginx -e "$work/h2.error" -p "$work" -c "$work/h2.conf" 2>"$work/h2.server" &
    servers+=("$!")
    await_server "$!" curl -q -s --noproxy '*' -o /dev/null --http2-prior-knowledge "http://127.0.0.1:$1/small"
}
on_free_port h2_try

mqtt_try() {
    mqtt_port=$1
    printf 'listener %s 127.0.0.1\nallow_anonymous true\n' "$1" >"$work/mosquitto.conf"
    mosquitto -c "$work/mosquitto.conf" >"$work/mosquitto.server" 2>&1 &
    servers+=("$!")
    await_server "$!" mosquitto_pub -h 127.0.0.1 -p "$1" -t t -m m 2>"$work/mosquitto.err"
}
on_free_port mqtt_try

mariadb_try() {
    mariadb_port=$1
    mariadbd --no-defaults --datadir="$work/mariadb" --socket="$work/mariadb.sock" --port="$1" --bind-address=127.0.0.1 \
        --user=root --skip-name-resolve --skip-grant-tables --skip-networking=0 >"$work/mariadb.server" 2>&1 &
    servers+=("$!")
    await_server "$!" mariadb --no-defaults -uroot -S "$work/mariadb.sock" -e 'SELECT 1' >"$work/mariadb.out" 2>&1
}
mariadb-install-db --no-defaults --datadir="$work/mariadb" --skip-test-db --user=root >"$work/mariadb.install" 2>&1 ||
    fail "mariadb-install-db: $(tail -n 3 "$work/mariadb.install")"
on_free_port mariadb_try

tls_try() {
    tls_port=$1
    (cd "$work/www" && exec openssl s_server -quiet -WWW -accept "127.0.0.1:$1" -cert "$work/cert" -key "$work/key") \
        >"$work/tls.server" 2>&1 &
    servers+=("$!")
    await_server "$!" curl -q -sk --noproxy '*' -o /dev/null "https://127.0.0.1:$1/small"
}
openssl req -x509 -newkey rsa:2048 -nodes -keyout "$work/key" -out "$work/cert" -days 9 -subj /CN=localhost \
    2>"$work/openssl.err"
on_free_port tls_try

# --- counts ---

section() { # NAME PROTOCOL PORT
    printf '[proxy %s]\nlisten = 127.0.0.1:0\nupstream = 127.0.0.1:%s\nprotocol = %s\nlog_messages = yes\n\n' "$1" "$3" "$2"
}

proxy_start <<INI
$(section http http "$nginx_port")
$(section http2 http2 "$h2_port")
$(section tls12 tls "$tls_port")
$(section tls13 tls "$tls_port")
$(section postgres postgres "$pg_port")
$(section mysql mysql "$mariadb_port")
$(section mqtt mqtt "$mqtt_port")
INI

pcap=$work/lo.pcap
tshark -q -i lo -w "$pcap" -f "tcp" 2>"$work/tshark.err" &
tshark_pid=$!
servers+=("$tshark_pid")
eventually 30 test -s "$pcap" || skip "tshark cannot capture: $(tail -n 1 "$work/tshark.err")"

expect 0 web -o /dev/null "http://$(proxy_address http)/big" "http://$(proxy_address http)/small" \
    "http://$(proxy_address http)/none"
expect 0 web -I "http://$(proxy_address http)/big"
expect 0 web -o /dev/null -H 'Accept-Encoding: gzip' "http://$(proxy_address http)/big"
expect 0 web -o /dev/null --http2-prior-knowledge "http://$(proxy_address http2)/big"
expect 0 web -k -o /dev/null --tls-max 1.2 "https://$(proxy_address tls12)/big"
expect 0 web -k -o /dev/null --tlsv1.3 "https://$(proxy_address tls13)/big"
expect 0 psql -X -q -h 127.0.0.1 -p "$(proxy_port postgres)" -c 'SELECT generate_series(1, 500)' -c 'SELECT 1'
expect 0 mariadb --no-defaults -h 127.0.0.1 -P "$(proxy_port mysql)" \
    -e 'SELECT seq FROM mysql.seq_1_to_500; SELECT 1 WHERE 1 = 0'
expect 0 mosquitto_pub -h 127.0.0.1 -p "$(proxy_port mqtt)" -t t -q 2 -m hello
# The last byte of the capture must be written before it is read.
expect 0 web -o /dev/null "http://127.0.0.1:$nginx_port/small?last"
in_capture() {
    grep -qa '/small?last' "$pcap"
}
eventually 30 in_capture || fail "the capture does not come to its end"
proxy_stop
end_process "$tshark_pid" INT || true

# What the proxy saw of a proxy's direction.
seen() { # PROXY DIRECTION
    grep -E '"event": *"message"' "$proxy_log" | grep -E "\"proxy\": *\"$1\"" | grep -cE "\"direction\": *\"$2\"" || true
}

# What tshark counts between the clients and a proxy's port: every occurrence of a field.
port_of() { # PROXY
    sed -nE "s/^$1 .*:([0-9]+)$/\\1/p" "$proxy_ready"
}
dissected() { # PROXY DIRECTION DISSECTOR FIELD [FILTER]
    local port end=srcport
    port=$(port_of "$1")
    [ "$2" = downstream ] || end=dstport
    tshark -r "$pcap" -d "tcp.port==$port,$3" -Y "tcp.$end == $port && ${5:-$4}" -T fields -E occurrence=a -E aggregator=, \
        -e "$4" 2>/dev/null | tr , '\n' | wc -l
}

compare() { # PROXY DIRECTION DISSECTOR FIELD [FILTER]
    local want got
    want=$(dissected "$@")
    got=$(seen "$1" "$2")
    note "$1 $2: $got messages, tshark counts $want"
    [ "$got" -gt 0 ] || fail "no message of $1 $2"
    same "messages of $1 $2" "$want" "$got"
}

! grep -E '"event": *"framing_lost"' "$proxy_log" || fail "a framing was lost"
compare http upstream http http.request.method
compare http downstream http http.response.code
compare http2 upstream http2 http2.type
compare http2 downstream http2 http2.type
compare tls12 upstream tls tls.record.content_type
compare tls12 downstream tls tls.record.content_type
compare tls13 upstream tls tls.record.length
compare tls13 downstream tls tls.record.length
compare postgres downstream pgsql pgsql.type
compare postgres upstream pgsql pgsql.type
compare mysql upstream mysql mysql.packet_length
compare mysql downstream mysql mysql.packet_length
compare mqtt upstream mqtt mqtt.msgtype
compare mqtt downstream mqtt mqtt.msgtype
