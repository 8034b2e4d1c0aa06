#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The command line: exit codes, ready file and descriptor, signals, reload.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
need curl

good=$work/good.ini
cat >"$good" <<'INI'
; Comments do not survive, meaning does.
[rudeproxy]
seed = 7

[proxy web]
listen   = 127.0.0.1:0
upstream = builtin:http

[fault cut]
proxy = web
type  = reset
when  = bytes:1k
connections = 2, 5-7
INI
bad=$work/bad.ini
cat >"$bad" <<'INI'
[proxy web]
listen   = 127.0.0.1:0
upstrem  = builtin:http

[fault cut]
type = rest
when = bytes:1
INI

# --- Words without a proxy ----------------------------------------------------------------------

expect 0 "$RUDEPROXY" --version
says "$work/out" '^rudeproxy [0-9]+\.[0-9]+'
expect 0 "$RUDEPROXY" --help
says "$work/out" 'usage'
for word in check faults demo --listen --upstream --fault --ready-file --ready-fd --seed; do
    says "$work/out" "$word"
done

expect 2 "$RUDEPROXY" --no-such-option
[ -s "$work/err" ] || fail "an unknown option is not explained"
expect 2 "$RUDEPROXY" no-such-command
expect 2 "$RUDEPROXY"
expect 2 "$RUDEPROXY" -c
expect 2 "$RUDEPROXY" -c "$work/no-such-file.ini"
says "$work/err" 'no-such-file\.ini'
expect 2 "$RUDEPROXY" --seed twelve -c "$good"

expect 0 "$RUDEPROXY" faults
for type in close reset unread half_close hold_fin shut_rd; do
    says "$work/out" "$type"
done
expect 0 "$RUDEPROXY" faults reset
for word in drain abrupt after_fin; do
    says "$work/out" "$word"
done
expect 2 "$RUDEPROXY" faults resset
says "$work/err" 'did you mean.*reset'

# --- check --------------------------------------------------------------------------------------

expect 0 "$RUDEPROXY" check -c "$good"
mv "$work/out" "$work/effective.ini"
says "$work/effective.ini" '^\[proxy web\]'
says "$work/effective.ini" 'unreachable *= *reset'
expect 0 "$RUDEPROXY" check -c "$work/effective.ini"
cmp "$work/out" "$work/effective.ini" || fail "what check prints is not what it reads"

# Every problem in one go, each with its line, and nothing is started.
for command in check run; do
    expect 2 "$RUDEPROXY" "$command" -c "$bad" --ready-file "$work/bad.ready"
    says "$work/err" 'bad\.ini:3: \[proxy web\] upstrem: .*did you mean.*upstream'
    says "$work/err" 'bad\.ini:6: \[fault cut\] type: .*did you mean.*reset'
    [ ! -e "$work/bad.ready" ] || fail "$command started something with a bad file"
done

# --- Without a file -----------------------------------------------------------------------------

proxy_ready=$work/proxy.ready proxy_err=$work/proxy.err
proxy_spawn --listen 127.0.0.1:0 --upstream builtin:http --seed 3 \
    --fault 'type=reset when=bytes:1k connections=2'
address=$(sed -n '1s/^[^ ]* //p' "$proxy_ready")
expect 0 web -o /dev/null "http://$address/bytes/5000"
expect 56 web -o /dev/null "http://$address/bytes/5000"
expect 0 web -o /dev/null "http://$address/bytes/5000"
proxy_stop
expect 2 "$RUDEPROXY" --listen 127.0.0.1:0 --upstream builtin:http --fault 'type=rest'
says "$work/err" 'did you mean.*reset'
expect 2 "$RUDEPROXY" --listen 127.0.0.1:0

# --- Ready descriptor, run as a word, SIGINT ----------------------------------------------------

"$RUDEPROXY" run -c "$good" --ready-fd 5 5>"$work/ready.fd" </dev/null >/dev/null 2>"$proxy_err" &
proxy_pid=$!
eventually 20 grep -qE '^web 127\.0\.0\.1:[1-9][0-9]*$' "$work/ready.fd" || fail "--ready-fd wrote: $(cat "$work/ready.fd")"
expect 0 web -o /dev/null "http://$(sed -n 's/^web //p' "$work/ready.fd")/"
pid=$proxy_pid proxy_pid=
status=0
end_process "$pid" INT || status=$?
same "exit status at SIGINT" 0 "$status"

# --- Two proxies, text log, summary -------------------------------------------------------------

cat >"$work/two.ini" <<INI
[proxy first]
listen   = 127.0.0.1:$(unused_port)
upstream = builtin:http

[proxy second]
listen   = 127.0.0.1:0
upstream = builtin:http

[fault cut]
proxy = second
type  = reset
when  = bytes:1k
INI
rm -f "$proxy_ready"
proxy_spawn -c "$work/two.ini"
same "lines of the ready file" 2 "$(wc -l <"$proxy_ready")"
received 0 first /bytes/5000
received 56 second /bytes/5000
same "bytes before the reset" 1024 "$got_bytes"

# An address in use: a runtime failure that names it.
taken=$(proxy_address first)
expect 1 "$RUDEPROXY" --listen "$taken" --upstream builtin:http --ready-file "$work/taken.ready"
says "$work/err" "$taken"
says "$work/err" 'in use'
[ ! -e "$work/taken.ready" ] || fail "a ready file although nothing listens"

proxy_stop
says "$proxy_err" 'seed' # drawn, so it is printed: the run can be repeated
says "$proxy_err" 'first'
says "$proxy_err" 'second'
expect 7 web "http://$taken/"

# --- SIGTERM and an open connection: grace, then the end ----------------------------------------

cat >"$work/grace.ini" <<'INI'
[rudeproxy]
grace = 2100ms

[proxy echo]
listen   = 127.0.0.1:0
upstream = builtin:echo
INI
rm -f "$proxy_ready"
proxy_spawn -c "$work/grace.ini"
exec 4<>"/dev/tcp/127.0.0.1/$(proxy_port echo)"
echo hello >&4
read -r -t 20 answer <&4 || fail "no echo"
same "echo" hello "$answer"
proxy_stop
says "$proxy_err" 'waiting up to 100 ms more for 1 open connection;'
status=0
read -r -t 20 answer <&4 2>/dev/null || status=$?
same "the end of the connection" 1 "$status"
exec 4>&-

# --- SIGHUP: a good file is taken up, a bad one reported and not --------------------------------

live=$work/live.ini
printf '[proxy web]\nlisten = 127.0.0.1:0\nupstream = builtin:http\n' >"$live"
rm -f "$proxy_ready"
proxy_spawn -c "$live"
received 0 web /bytes/5000
address=$(proxy_address web)

fetch_exits() {
    local code=0
    web -o /dev/null "http://$address/bytes/5000" 2>/dev/null || code=$?
    [ "$code" -eq "$1" ]
}

printf '\n[fault cut]\ntype = reset\nwhen = bytes:1k\n' >>"$live"
kill -HUP "$proxy_pid"
eventually 20 fetch_exits 56 || fail "the reloaded file's fault does not strike"

printf '\n[fault broken]\ntype = nonsense\n' >>"$live"
kill -HUP "$proxy_pid"
eventually 20 grep -qE 'live\.ini:[0-9]+: \[fault broken\] type' "$proxy_err" ||
    fail "the bad file is not reported: $(cat "$proxy_err")"
for ((i = 0; i < 3; i++)); do
    fetch_exits 56 || fail "the bad file changed the rules in force"
done
proxy_stop

# Of [rudeproxy], memory and grace are taken up, and the log says what is in force. The others get a line.
settings() { # TEXT
    printf '[rudeproxy]\nlog = %s\nlog_format = json\n%s\n[proxy web]\nlisten = 127.0.0.1:0\nupstream = builtin:http\n' "$work/live.json" "$1" >"$live"
}
settings 'seed = 1'
rm -f "$proxy_ready"
proxy_spawn -c "$live"
settings $'seed = 2\nmemory = 2M\nadmin_open = yes'
printf '[fault late]\ntype = refuse\nfor = 1us\n' >>"$live"
kill -HUP "$proxy_pid"
eventually 20 grep -q ': reloaded$' "$proxy_err" || fail "the settings are not reloaded: $(cat "$proxy_err")"
same "what changes only with a restart" 'seed admin_open' \
    "$(sed -n 's/^rudeproxy: \(.*\) changes only with a restart$/\1/p' "$proxy_err" | paste -sd ' ')"
says "$proxy_err" '^rudeproxy: fault late does not begin: the time of its active and for is over$'
proxy_stop
says "$work/live.json" '"event":"reload",.*\\u000aseed += 1\\u000a.*\\u000amemory += 2M\\u000a'

# A FIFO is read once: a reload does not wait for another writer.
mkfifo "$work/fifo"
cat "$good" >"$work/fifo" &
rm -f "$proxy_ready"
proxy_spawn -c "$work/fifo"
kill -HUP "$proxy_pid"
eventually 20 grep -q 'fifo: is no regular file and cannot be read a second time' "$proxy_err" ||
    fail "the FIFO is not reported: $(cat "$proxy_err")"
received 0 web /bytes/500
proxy_stop

# The null device has no text to lose.
rm -f "$proxy_ready"
proxy_spawn -c /dev/null -c "$good"
kill -HUP "$proxy_pid"
eventually 20 grep -q ': reloaded$' "$proxy_err" || fail "/dev/null is not read again: $(cat "$proxy_err")"
proxy_stop
