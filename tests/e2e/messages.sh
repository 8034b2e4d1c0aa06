#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The messages that a proxy sees between real clients and real servers are those that tshark's dissectors
# count on the same connections; and faults at messages, which count no bytes, are what the client reports.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/lib/servers.sh
. "$(dirname "$0")/../lib/servers.sh"
# shellcheck source=tests/lib/dissect.sh
. "$(dirname "$0")/../lib/dissect.sh"
need curl openssl tshark psql mosquitto mosquitto_pub mariadb mariadbd mariadb-install-db
[ "$(id -u)" -eq 0 ] || skip "capturing needs root"

# It takes seconds: the other servers start meanwhile.
mariadb-install-db --no-defaults --datadir="$work/mariadb" --skip-test-db --user=root >"$work/mariadb.install" 2>&1 </dev/null &
mariadb_install=$!
servers+=("$mariadb_install")
nginx_start
postgres_start
head -c 100000 /dev/zero >"$work/www/big"
echo small >"$work/www/small"

h2_start
mqtt_start
tls_start

mariadb_try() {
    mariadb_port=$1
    mariadbd --no-defaults --datadir="$work/mariadb" --socket="$work/mariadb.sock" --port="$1" --bind-address=127.0.0.1 \
        --user=root --skip-name-resolve --skip-grant-tables --skip-networking=0 >"$work/mariadb.server" 2>&1 &
    servers+=("$!")
    await_server "$!" mariadb --no-defaults -uroot -S "$work/mariadb.sock" -e 'SELECT 1' >"$work/mariadb.out" 2>&1
}
wait "$mariadb_install" || fail "mariadb-install-db: $(tail -n 3 "$work/mariadb.install")"
on_free_port mariadb_try

redis_start
smtp_start

# --- counts ---

proxy_start <<INI
$(section http http "$nginx_port")
$(section http2 http2 "$h2_port")
$(section tls12 tls "$tls_port")
$(section tls13 tls "$tls_port")
$(section postgres postgres "$pg_port")
$(section mysql mysql "$mariadb_port")
$(section mqtt mqtt "$mqtt_port")
$(section redis redis "$redis_port")
$(section smtp smtp "$smtp_port")
INI
capture_start
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
redis_says() {
    redis-cli -h 127.0.0.1 -p "$(proxy_port redis)" "$@"
}
for command in 'SET word one' 'INCR number' 'GET word' 'GET none' 'RPUSH list a b c' 'LRANGE list 0 -1' 'INCR word' 'SCAN 0'; do
    # shellcheck disable=SC2086 # several words
    expect 0 redis_says $command
done
redis_pipelined() {
    local word
    for word in one two three; do
        # shellcheck disable=SC2016 # lengths of RESP
        printf '*2\r\n$4\r\nECHO\r\n$%d\r\n%s\r\n' ${#word} "$word"
    done | redis_says --pipe
}
expect 0 redis_pipelined
printf 'Subject: x\r\n\r\none\r\n..\r\ntwo\r\n' >"$work/mail"
expect 0 web --mail-from a@example.com --mail-rcpt b@example.com --mail-rcpt c@example.com -T "$work/mail" \
    "smtp://$(proxy_address smtp)"
capture_end

no_framing_lost
compare http upstream http.request.method
compare http downstream http.response.code
compare http2 upstream http2.type
compare http2 downstream http2.type
compare tls12 upstream tls.record.content_type
compare tls12 downstream tls.record.content_type
compare tls13 upstream tls.record.length
compare tls13 downstream tls.record.length
compare postgres downstream pgsql.type
compare postgres upstream pgsql.type
compare mysql upstream mysql.packet_length
compare mysql downstream mysql.packet_length
compare mqtt upstream mqtt.msgtype
compare mqtt downstream mqtt.msgtype
compare redis upstream resp.array
# Each value once, but those inside of arrays are no messages.
values=$(dissected redis downstream resp.string resp.error resp.integer resp.bulk_string resp.array)
compare_count redis downstream $((values - $(dissected_values redis downstream resp.array.length | awk '{ n += $1 } END { print n + 0 }')))
same "mails that tshark has found" 1 "$(dissected smtp upstream imf)"
compare smtp upstream smtp.req.command imf
compare smtp downstream smtp.response.code
