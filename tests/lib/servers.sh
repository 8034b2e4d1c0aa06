# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # `work` is that of tests/e2e/lib.sh
#
# Servers of the reports and of the tests about protocols, beside those of tests/e2e/lib.sh. Each function starts one and
# sets its port.

# h2_start - nginx with HTTP/2 without TLS, which serves $work/www; sets h2_port.
h2_start() {
    need nginx
    on_free_port h2_try
}

h2_try() {
    local user=
    [ "$(id -u)" -ne 0 ] || user='user root;'
    cat >"$work/h2.conf" <<CONF
$user
daemon off;
pid $work/h2.pid;
error_log $work/h2.error;
events { }
http { access_log off; server { listen 127.0.0.1:$1 http2; root $work/www; } }
CONF
    nginx -e "$work/h2.error" -p "$work" -c "$work/h2.conf" 2>"$work/h2.server" &
    servers+=("$!")
    # shellcheck disable=SC2034 # for the tests
    h2_port=$1
    await_server "$!" curl -q -s --noproxy '*' -o /dev/null --http2-prior-knowledge "http://127.0.0.1:$1/small"
}

# certificate_make - $work/cert and $work/key, for localhost.
certificate_make() {
    need openssl
    openssl req -x509 -newkey rsa:2048 -nodes -keyout "$work/key" -out "$work/cert" -days 9 -subj /CN=localhost \
        2>"$work/openssl.err" || fail "openssl req: $(cat "$work/openssl.err")"
}

# tls_start - openssl s_server, which serves $work/www; sets tls_port.
tls_start() {
    certificate_make
    on_free_port tls_try
}

tls_try() {
    (cd "$work/www" && exec openssl s_server -quiet -WWW -accept "127.0.0.1:$1" -cert "$work/cert" -key "$work/key") \
        >"$work/tls.server" 2>&1 &
    servers+=("$!")
    # shellcheck disable=SC2034 # for the tests
    tls_port=$1
    await_server "$!" curl -q -sk --noproxy '*' -o /dev/null "https://127.0.0.1:$1/small"
}

# mqtt_start - mosquitto; sets mqtt_port.
mqtt_start() {
    need mosquitto mosquitto_pub
    on_free_port mqtt_try
}

mqtt_try() {
    printf 'listener %s 127.0.0.1\nallow_anonymous true\n' "$1" >"$work/mosquitto.conf"
    mosquitto -c "$work/mosquitto.conf" >"$work/mosquitto.server" 2>&1 &
    servers+=("$!")
    # shellcheck disable=SC2034 # for the tests
    mqtt_port=$1
    await_server "$!" mosquitto_pub -h 127.0.0.1 -p "$1" -t t -m m 2>"$work/mosquitto.err"
}

# smtp_start - Python's smtpd, which appends each mail to $work/mails; sets smtp_port. All lines of a reply leave in one
# piece: tshark counts a reply once more where it comes in two segments.
smtp_start() {
    need python3
    on_free_port smtp_try
}

smtp_server() {
    exec python3 -W ignore -c '
import asyncore, smtpd, sys
class Channel(smtpd.SMTPChannel):
    reply = ""
    def push(self, line):
        self.reply += line
        if line[3:4] == "-":
            self.reply += "\r\n"
        else:
            super().push(self.reply)
            self.reply = ""
class Server(smtpd.SMTPServer):
    channel_class = Channel
    def process_message(self, peer, mailfrom, rcpttos, data, **more):
        open(sys.argv[2], "ab").write(data + b"\n")
Server(("127.0.0.1", int(sys.argv[1])), None)
asyncore.loop()' "$1" "$work/mails"
}

smtp_try() {
    smtp_server "$1" >"$work/smtp.server" 2>&1 &
    servers+=("$!")
    # shellcheck disable=SC2034 # for the tests
    smtp_port=$1
    await_server "$!" curl -q -s --noproxy '*' -o /dev/null "smtp://127.0.0.1:$1" -X NOOP
}

# aiosmtpd_start - aiosmtpd, which adds each mail to $work/mails; sets smtp_port. All lines of a reply leave in one piece, as
# those of smtp_start.
aiosmtpd_start() {
    on_free_port aiosmtpd_try
}

aiosmtpd_try() {
    /usr/bin/python3 -W ignore -c '
import sys, time
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP
class Server(SMTP):
    reply = ""
    async def push(self, line):
        if isinstance(line, bytes):
            line = line.decode()
        self.reply += line
        if line[3:4] == "-":
            self.reply += "\r\n"
        else:
            reply, self.reply = self.reply, ""
            await super().push(reply)
class Serving(Controller):
    def factory(self):
        return Server(self.handler, **self.SMTP_kwargs)
class Handler:
    async def handle_DATA(self, server, session, envelope):
        with open(sys.argv[2], "ab") as mails:
            mails.write(envelope.content)
        return "250 taken"
Serving(Handler(), hostname="127.0.0.1", port=int(sys.argv[1])).start()
while True:
    time.sleep(60)' "$1" "$work/mails" >"$work/aiosmtpd.server" 2>&1 &
    servers+=("$!")
    # shellcheck disable=SC2034 # for the tests
    smtp_port=$1
    await_server "$!" curl -q -s --noproxy '*' -o /dev/null "smtp://127.0.0.1:$1" -X NOOP
}

# apache_is_installed - whether apache_start can work.
apache_is_installed() {
    [ -x /usr/sbin/apache2 ] && [ -f /usr/lib/apache2/modules/mod_include.so ]
}

# apache_start - Apache, which serves $work/www, *.shtml with server-side includes; sets http_port.
apache_start() {
    on_free_port apache_try
}

apache_try() {
    local module
    {
        for module in mpm_event authz_core mime include; do
            echo "LoadModule ${module}_module /usr/lib/apache2/modules/mod_$module.so"
        done
        cat <<CONF
ServerName localhost
Listen 127.0.0.1:$1
PidFile $work/apache.pid
ErrorLog $work/apache.error
DefaultRuntimeDir $work
Mutex file:$work
TypesConfig /dev/null
AddType text/html .shtml
AddOutputFilter INCLUDES .shtml
DocumentRoot $work/www
<Directory $work/www>
    Options +Includes
    Require all granted
</Directory>
CONF
    } >"$work/apache.conf"
    /usr/sbin/apache2 -f "$work/apache.conf" -D FOREGROUND >"$work/apache.server" 2>&1 &
    servers+=("$!")
    # shellcheck disable=SC2034 # for the tests
    http_port=$1
    await_server "$!" curl -q -s --noproxy '*' -o /dev/null "http://127.0.0.1:$1/small"
}

# rabbitmq_is_installed - whether rabbitmq_start can work.
rabbitmq_is_installed() {
    [ -x /usr/lib/rabbitmq/bin/rabbitmq-server ] && command -v epmd >/dev/null
}

# rabbitmq_start - a RabbitMQ of its own, with a port mapper of Erlang of its own; sets rabbitmq_port. RUNNING_UNDER_SYSTEMD:
# its script becomes the server itself, so that no process is left behind.
rabbitmq_start() {
    mkdir -p "$work/rabbitmq"
    printf '[].\n' >"$work/rabbitmq/plugins"
    : >"$work/rabbitmq/rabbitmq.conf"
    on_free_port epmd_try
    on_free_port rabbitmq_try
}

epmd_try() {
    epmd -port "$1" -address 127.0.0.1 >"$work/epmd.server" 2>&1 &
    servers+=("$!")
    epmd_port=$1
    await_server "$!" epmd -port "$1" -names >"$work/epmd.out" 2>&1
}

rabbitmq_try() {
    (cd "$work/rabbitmq" && HOME=$work/rabbitmq ERL_EPMD_PORT=$epmd_port ERL_EPMD_ADDRESS=127.0.0.1 RABBITMQ_LOGS=- \
        RABBITMQ_NODENAME=rude@localhost RABBITMQ_MNESIA_BASE=$work/rabbitmq/mnesia RABBITMQ_LOG_BASE=$work/rabbitmq/log \
        RABBITMQ_NODE_IP_ADDRESS=127.0.0.1 RABBITMQ_NODE_PORT=$1 RABBITMQ_DIST_PORT=$(unused_port) \
        RABBITMQ_CONF_ENV_FILE=/dev/null RABBITMQ_CONFIG_FILE=$work/rabbitmq/rabbitmq.conf \
        RABBITMQ_ENABLED_PLUGINS_FILE=$work/rabbitmq/plugins RABBITMQ_PID_FILE=$work/rabbitmq/pid RUNNING_UNDER_SYSTEMD=true \
        exec /usr/lib/rabbitmq/bin/rabbitmq-server) >"$work/rabbitmq.server" 2>&1 </dev/null &
    rabbitmq_pid=$!
    servers+=("$rabbitmq_pid")
    # shellcheck disable=SC2034 # for the tests
    rabbitmq_port=$1
    await_server "$rabbitmq_pid" grep -q 'Server startup complete' "$work/rabbitmq.server"
}

# rabbitmq_stop - it ends at SIGTERM only.
rabbitmq_stop() {
    end_process "$rabbitmq_pid" TERM || true
}
