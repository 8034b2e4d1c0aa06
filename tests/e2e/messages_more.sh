#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The messages that a proxy sees are those that tshark counts: clients and servers that e2e.messages does not have.
# Apache with chunked bodies and conditional requests, HTTP/2 of Node with padding and CONTINUATION, psycopg2 and the
# extended protocol of pgbench, aiosmtpd with Python's smtplib, and openssl s_client. What is not installed is left out. And a client of SMTP does not hang where a fault
# with `edge = before` looks for the end of its mail.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/lib/servers.sh
. "$(dirname "$0")/../lib/servers.sh"
# shellcheck source=tests/lib/dissect.sh
. "$(dirname "$0")/../lib/dissect.sh"
need curl openssl tshark
[ "$(id -u)" -eq 0 ] || skip "capturing needs root"
python=/usr/bin/python3

# python_has MODULE - whether Debian's Python has it.
python_has() {
    "$python" -W ignore -c "import $1" 2>"$work/python.err"
}

mkdir -p "$work/www"
head -c 100000 /dev/zero >"$work/www/big"
echo small >"$work/www/small"
echo 'now: <!--#echo var="DATE_LOCAL" -->' >"$work/www/page.shtml"

# Padded frames, and a head that is too long for one.
cat >"$work/h2.mjs" <<'JS'
import http2 from 'node:http2';
http2.createServer({ paddingStrategy: http2.constants.PADDING_STRATEGY_MAX }, (request, reply) => {
    reply.setHeader('x-long', 'x'.repeat(40000));
    reply.end('a'.repeat(100000));
}).listen(+process.argv[2], '127.0.0.1');
JS
h2_server_try() {
    node "$work/h2.mjs" "$1" >"$work/h2_node.server" 2>&1 &
    servers+=("$!")
    # shellcheck disable=SC2034 # read by its name below
    http2_port=$1
    await_server "$!" curl -q -s --noproxy '*' -o /dev/null --http2-prior-knowledge "http://127.0.0.1:$1/"
}

programs=(tls)
tls_start
if apache_is_installed; then
    programs+=(http)
    apache_start
fi
if command -v node >/dev/null; then
    programs+=(http2)
    on_free_port h2_server_try
fi
if python_has psycopg2 && command -v pgbench >/dev/null; then
    programs+=(postgres)
    postgres_start
    # shellcheck disable=SC2034 # read by its name below
    postgres_port=$pg_port
fi
if python_has aiosmtpd; then
    programs+=(smtp)
    aiosmtpd_start
fi
note "compared: ${programs[*]}"

proxy_start <<INI
$(for name in "${programs[@]}"; do
    port=${name}_port
    section "$name" "$name" "${!port}"
done)
INI
capture_start

# --- clients ---

tls_client() { # OPTION
    printf 'GET /big HTTP/1.0\r\n\r\n' | timeout 60 openssl s_client -quiet -ign_eof -connect "$(proxy_address tls)" "$1"
}
talk_tls() {
    expect 0 tls_client -tls1_2
    expect 0 tls_client -tls1_3
}

# The page is chunked, because its length is not known; of HEAD, 304 and 206 the body is missing or shorter.
talk_http() {
    local url
    url=http://$(proxy_address http)
    expect 0 web -o /dev/null "$url/big" -o /dev/null "$url/page.shtml" -o /dev/null "$url/none" -o /dev/null "$url/small"
    expect 0 web -o /dev/null -I "$url/big" -o /dev/null -I "$url/page.shtml"
    expect 0 web -o /dev/null -H 'If-Modified-Since: Thu, 01 Jan 2037 00:00:00 GMT' "$url/small"
    expect 0 web -o /dev/null -r 10-19 "$url/big"
    expect 0 web -o /dev/null -H 'Transfer-Encoding: chunked' --data-binary "@$work/www/small" "$url/page.shtml"
    expect 0 web -o /dev/null -X OPTIONS "$url/small"
}

talk_http2() {
    expect 0 web --http2-prior-knowledge -o /dev/null "http://$(proxy_address http2)/"
}

talk_postgres() {
    expect 0 timeout 60 "$python" -W ignore -c '
import io, psycopg2, sys
connection = psycopg2.connect(host="127.0.0.1", port=sys.argv[1], sslmode="prefer")
cursor = connection.cursor()
cursor.execute("CREATE TEMP TABLE numbers (n int, word text)")
cursor.executemany("INSERT INTO numbers VALUES (%s, %s)", [(n, "x" * n) for n in range(50)])
connection.commit()
cursor.copy_expert("COPY numbers FROM STDIN", io.StringIO("".join("%d\ty\n" % n for n in range(2000))))
cursor.copy_expert("COPY numbers TO STDOUT", io.StringIO())
try:
    cursor.execute("SELECT nothing")
except psycopg2.Error:
    connection.rollback()
cursor = connection.cursor("named")
cursor.itersize = 100
cursor.execute("SELECT generate_series(1, 500)")
print(len(list(cursor)))' "$(proxy_port postgres)"
    same "rows" 500 "$(cat "$work/out")"
    echo 'SELECT generate_series(1, 20); SELECT 1 WHERE 1 = 0;' >"$work/statements.sql"
    for mode in extended prepared; do
        expect 0 timeout 60 pgbench -n -t 5 -M "$mode" -f "$work/statements.sql" -h 127.0.0.1 -p "$(proxy_port postgres)"
    done
}

talk_smtp() {
    expect 0 timeout 60 "$python" -W ignore -c '
import smtplib, sys
client = smtplib.SMTP("127.0.0.1", int(sys.argv[1]))
client.ehlo()
client.sendmail("a@example.com", ["b@example.com", "c@example.com"], "Subject: x\r\n\r\none\r\n..\r\ntwo\r\n")
client.noop()
client.vrfy("a@example.com")
client.quit()' "$(proxy_port smtp)"
    printf 'Subject: y\r\n\r\nthree\r\n' >"$work/mail"
    expect 0 web --mail-from a@example.com --mail-rcpt b@example.com -T "$work/mail" "smtp://$(proxy_address smtp)"
}

for name in "${programs[@]}"; do
    "talk_$name"
done
capture_end

# --- counts ---

no_framing_lost
for name in "${programs[@]}"; do
    case $name in
    tls)
        compare tls upstream tls.record.length
        compare tls downstream tls.record.length
        ;;
    http)
        compare http upstream http.request.method
        compare http downstream http.response.code
        ;;
    http2)
        compare http2 upstream http2.type
        compare http2 downstream http2.type
        says "$proxy_log" '"kind": *"CONTINUATION"'
        ;;
    postgres)
        compare postgres upstream pgsql.type
        # The server's answer to SSLRequest has no type.
        compare_count postgres downstream $((1 + $(dissected postgres downstream pgsql.type)))
        ;;
    smtp)
        same "mails that tshark has found" 2 "$(dissected smtp upstream imf)"
        compare smtp upstream smtp.req.command imf
        compare smtp downstream smtp.response.code
        ;;
    esac
done

# --- a match of the end of a mail, edge = before ---

# curl sends the dot by a write of its own. A curl that gets no CPU in between must not outlast match_hold: the fault would fire
# behind the dot. Each command of SMTP waits that long too.

python_has aiosmtpd || exit 0
proxy_start <<INI
$(section smtp smtp "$smtp_port")
[fault dot-lost]
type = reset
direction = upstream
when = match:"\r\n.\r\n"
edge = before
match_hold = 1s
INI
mails=$(grep -c Subject "$work/mails")
expect '55|56' web --mail-from a@example.com --mail-rcpt b@example.com -T "$work/mail" \
    "smtp://$(proxy_address smtp)"
proxy_stop
says "$proxy_log" '"fault": *"dot-lost"'
same "mails at the server" "$mails" "$(grep -c Subject "$work/mails")"
