#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Report: rsyslog/rsyslog#5539
# Symptom: no ServerHello comes: omfwd hangs in the handshake, and no action behind it runs
# Programs: rsyslog 8.2302 (ossl), openssl s_server
# INI: `blackhole` at upstream `message:1/handshake`
# shellcheck source=tests/reports/lib.sh
. "$(dirname "$0")/lib.sh"
need rsyslogd
compgen -G '/usr/lib/*/rsyslog/lmnsd_ossl.so' >/dev/null || skip "rsyslog-openssl is not installed"
certificate_make
serve openssl s_server -quiet -accept 127.0.0.1:@PORT@ -cert "$work/cert" -key "$work/key"

rsyslog_try() { # PORT
    cat >"$work/rsyslog.conf" <<CONF
global(workDirectory="$work" defaultNetstreamDriverCAFile="$work/cert")
module(load="imtcp")
input(type="imtcp" port="$1" address="127.0.0.1")
action(type="omfwd" target="127.0.0.1" port="${address##*:}" protocol="tcp" streamDriver="ossl" streamDriverMode="1"
    streamDriverAuthMode="anon")
action(type="omfile" file="$work/messages")
CONF
    server_start "$1" rsyslogd -n -f "$work/rsyslog.conf" -i "$work/rsyslog.pid" || return 1
    rsyslog_port=$1
}
fault_seen() {
    grep -q '"event": *"fault"' "$proxy_log"
}

attempt() {
    in_front_of "$server_port" tls <<'INI'
[fault no-server-hello]
type = blackhole
when_direction = upstream
when = message:1/handshake
INI
    rm -f "$work/messages"
    on_free_port rsyslog_try
    printf '<13>Nov 28 10:00:00 a story: one\n' >"/dev/tcp/127.0.0.1/$rsyslog_port"
    eventually 30 fault_seen || fail "rsyslogd sends no ClientHello: $(cat "$work/$rsyslog_port.server")"
    sleep 3
    [ ! -e "$work/messages" ] || fail "the second action ran: $(cat "$work/messages")"
    end_process "${servers[-1]}" KILL 2>/dev/null || true # it does not end by itself
    unset 'servers[-1]'
    fault_fired
}
reproduce attempt
