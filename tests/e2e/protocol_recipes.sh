#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The recipes of config/recipes/protocols with real servers and clients: each gives the words that are
# reported, and what happened at the server shows that the place is the right one.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/lib/servers.sh
. "$(dirname "$0")/../lib/servers.sh"
need curl openssl
recipes=$(dirname "$0")/../../config/recipes/protocols
rounds=${ROUNDS:-1}

# recipe NAME PORT - starts the recipe's proxy in front of a server of ours. Sets address.
recipe() {
    note "$1"
    # `for` is how long failover refuses: the next psql must have been started by then.
    proxy_start < <(sed -E -e "s/^(listen +=).*/\\1 127.0.0.1:0/" -e "s/^(upstream +=).*/\\1 127.0.0.1:$2/" \
        -e 's/^(for +=) 2s/\1 6s/' "$recipes/$1.ini")
    local name
    read -r name address <"$proxy_ready"
    [ -n "$name" ] || fail "$1: no proxy"
}

done_with() {
    proxy_stop
}

nginx_start
head -c 1000000 /dev/zero >"$work/www/big"
echo small >"$work/www/small"

h2_start
tls_start

http_recipes() {
    recipe http-nth-request "$nginx_port"
    expect 0 web -v -o /dev/null "http://$address/small" -o /dev/null "http://$address/small" \
        -o /dev/null "http://$address/small"
    says "$work/err" 'Re-using existing connection|Connection reset by peer|dead'
    done_with
    says "$proxy_log" '"fault":"third-request",.*"message":3,"kind":"GET"'

    recipe http-last-chunk-cut "$nginx_port"
    expect 18 web -o /dev/null -H 'Accept-Encoding: gzip' "http://$address/big"
    says "$work/err" 'transfer closed with outstanding read data remaining'
    done_with

    recipe http-early-close "$nginx_port"
    expect 18 web -o /dev/null "http://$address/small"
    says "$work/err" 'transfer closed with 6 bytes remaining to read'
    done_with

    recipe http-503-instead "$nginx_port"
    expect 0 web -o /dev/null -w '%{http_code}' "http://$address/small"
    same status 503 "$(cat "$work/out")"
    done_with

    recipe http-third-attempt-works "$nginx_port"
    expect 56 web -o /dev/null "http://$address/small"
    says "$work/err" 'Connection reset by peer'
    expect 56 web -o /dev/null "http://$address/small"
    expect 0 web -o /dev/null -w '%{http_code}' "http://$address/small"
    same status 200 "$(cat "$work/out")"
    done_with

    recipe too-many-clients "$nginx_port"
    local fd fds=()
    for ((fd = 0; fd < 10; fd++)); do
        exec {client}<>"/dev/tcp/${address%:*}/${address##*:}"
        fds+=("$client")
        printf 'GET /small HTTP/1.1\r\nHost: a\r\n\r\n' >&"$client"
        read -r -t 20 _ <&"$client" || fail "client $fd is not served"
    done
    # 7 and 55: the reset came before curl looked at its connect(), or asked for its peer.
    expect '7|55|56' web -o /dev/null "http://$address/small"
    for client in "${fds[@]}"; do exec {client}>&-; done
    served_again() {
        web -o /dev/null "http://$address/small" 2>/dev/null
    }
    eventually 20 served_again || fail "nobody is served when the others have gone"
    done_with

    # nginx answers 413 before the upload is through.
    recipe http-upload-left-unread "$nginx_port"
    head -c 20000000 /dev/zero >"$work/upload"
    expect '0|55|56' web -H 'Expect:' -o /dev/null --data-binary "@$work/upload" "http://$address/small"
    done_with
    says "$proxy_log" '"fault":"rest-unread",'
}

# The second request of a client that does not look at its idle connection.
http_half_close_recipe() {
    recipe http-half-close "$nginx_port"
    expect 1 timeout 60 python3 -c '
import http.client, sys
connection = http.client.HTTPConnection(sys.argv[1])
for attempt in 1, 2:
    connection.request("GET", "/small")
    print(connection.getresponse().read())' "$address"
    same "the first answer" "b'small\\n'" "$(cat "$work/out")"
    says "$work/err" 'RemoteDisconnected: Remote end closed connection without response'
    done_with
}

h2_recipe() {
    recipe http2-goaway-then-reset "$h2_port"
    # 55: the RST came before curl acknowledged the SETTINGS.
    expect '55|56' web --http2-prior-knowledge -o /dev/null "http://$address/small"
    says "$work/err" '(Recv|Send) failure: (Connection reset by peer|Broken pipe)'
    done_with
    says "$proxy_log" '"fault":"goaway",.*"kind":"DATA"'
}

tls_client() { # VERSION
    printf 'GET /big HTTP/1.0\r\n\r\n' | timeout 60 openssl s_client -connect "$address" -quiet -ign_eof "-$1"
}

# tls_get VERSION - openssl s_client reports that the stream is cut.
tls_get() {
    expect 1 tls_client "$1"
    says "$work/err" 'unexpected eof while reading'
}

smtp_recipe() {
    recipe smtp-250-lost "$smtp_port"
    printf 'Subject: x\r\n\r\nmail %s\r\n' "$1" >"$work/mail"
    expect '55|56' web --mail-from a@example.com --mail-rcpt b@example.com -T "$work/mail" "smtp://$address"
    says "$work/err" 'Connection reset by peer'
    done_with
    same "mail $1 at the server" 1 "$(grep -c "^mail $1" "$work/mails")"
}

tls_recipes() {
    local recipe version
    for recipe in tls-cut-in-header tls-cut-in-record tls-cut-behind-record; do
        for version in tls1_2 tls1_3; do
            recipe "$recipe" "$tls_port"
            tls_get "$version"
            done_with
            says "$proxy_log" '"event":"fault"'
        done
    done

    recipe tls-cut-behind-record "$tls_port"
    expect '35|56' web -k -o /dev/null --tlsv1.3 "https://$address/big"
    says "$work/err" 'unexpected eof while reading|SSL_ERROR_SYSCALL'
    done_with
    says "$proxy_log" '"fault":"behind-fifth",.*"message":5,'

    recipe tls-close-notify-missing "$tls_port"
    expect '0|56' web -k -o /dev/null --tls-max 1.2 "https://$address/big"
    done_with
    says "$proxy_log" '"fault":"no-goodbye",.*"kind":"alert"'
}

redis_recipe() {
    recipe redis-reply-lost "$redis_port"
    local before
    before=$(redis-cli -p "$redis_port" incr counter)
    expect '0|1' redis-cli -h 127.0.0.1 -p "${address##*:}" incr counter
    cat "$work/out" >>"$work/err"
    says "$work/err" 'Connection reset by peer|Server closed the connection'
    same "the counter" $((before + 1)) "$(redis-cli -p "$redis_port" get counter)"
    done_with
}

postgres_recipe() {
    recipe postgres-commit-lost "$pg_port"
    local row=$1
    expect 2 psql -X -q -h 127.0.0.1 -p "${address##*:}" -v ON_ERROR_STOP=1 -c 'BEGIN' \
        -c "INSERT INTO ledger VALUES ($row)" -c 'COMMIT'
    says "$work/err" 'server closed the connection unexpectedly|Connection reset by peer'
    same "row $row" 1 "$(sql "SELECT count(*) FROM ledger WHERE entry = $row")"
    # In the extended protocol, with other statements before.
    printf 'SELECT 1;\nBEGIN;\nINSERT INTO ledger VALUES (%s);\nCOMMIT;\n' "$((row + 1000))" >"$work/extended.sql"
    expect '1|2' pgbench -n -t 1 -M extended -f "$work/extended.sql" -h 127.0.0.1 -p "${address##*:}"
    cat "$work/out" >>"$work/err"
    says "$work/err" 'server closed the connection unexpectedly|Connection reset by peer|aborted'
    same "row $((row + 1000))" 1 "$(sql "SELECT count(*) FROM ledger WHERE entry = $((row + 1000))")"
    done_with
}

failover_recipe() {
    recipe failover "$pg_port"
    expect 2 psql -X -q -h 127.0.0.1 -p "${address##*:}" -c 'SELECT 1'
    says "$work/err" 'server closed the connection unexpectedly|Connection reset by peer'
    : >"$work/attempts"
    reconnects() {
        psql -X -q -h 127.0.0.1 -p "${address##*:}" -c 'SELECT 1' >/dev/null 2>>"$work/attempts"
    }
    eventually 60 reconnects || fail "the proxy refuses for ever: $(tail -n 3 "$work/attempts")"
    says "$work/attempts" 'Connection refused'
    done_with
}

mqtt_recipe() {
    recipe mqtt-puback-lost "$mqtt_port"
    "$RUDEPROXY" check -c "$recipes/mqtt-puback-lost.ini" >/dev/null
    timeout 20 mosquitto_pub -d -h 127.0.0.1 -p "${address##*:}" -t t -q 1 -m hello >"$work/out" 2>&1 &
    local pid=$!
    fired() {
        grep -q '"fault":"puback-lost"' "$proxy_log"
    }
    eventually 20 fired || fail "the PUBACK was not lost"
    end_process "$pid" TERM || true
    done_with
}

for ((round = 1; round <= rounds; round++)); do
    http_recipes
    h2_recipe
    tls_recipes
done
if command -v python3 >/dev/null; then
    for ((round = 1; round <= rounds; round++)); do http_half_close_recipe; done
fi
if command -v redis-server >/dev/null; then
    redis_start
    for ((round = 1; round <= rounds; round++)); do redis_recipe; done
fi
if command -v mosquitto >/dev/null && command -v mosquitto_pub >/dev/null; then
    mqtt_start
    for ((round = 1; round <= rounds; round++)); do mqtt_recipe; done
fi
if python3 -W ignore -c 'import smtpd' 2>/dev/null; then
    smtp_start
    for ((round = 1; round <= rounds; round++)); do smtp_recipe "$round"; done
fi
postgres_start
sql 'CREATE TABLE ledger (entry int)'
for ((round = 1; round <= rounds; round++)); do
    postgres_recipe "$round"
    failover_recipe
done
