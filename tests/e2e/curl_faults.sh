#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# What curl says to each ending, and that it received exactly the bytes before the trigger.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
need curl

# with_fault KEYS... - (re)starts the proxy "web" on builtin:http with one fault.
with_fault() {
    [ -z "$proxy_pid" ] || proxy_stop
    proxy_start < <(
        printf '[proxy web]\nlisten = 127.0.0.1:0\nupstream = builtin:http\n\n[fault it]\n'
        printf '%s\n' "$@"
    )
}

# No fault: the built-in server serves what it is asked for.
proxy_start <<'INI'
[proxy web]
listen   = 127.0.0.1:0
upstream = builtin:http
INI
for size in 0 1 4096 65537 1000003; do
    received 0 web "/bytes/$size"
    same "size of /bytes/$size" "$size" "$(stat -c %s "$work/body")"
done
received 0 web /
[ -s "$work/body" ] || fail "/ is empty"
received 22 web /no-such-thing --fail
proxy_stop

# reset: 56, after exactly the bytes named.
with_fault 'type = reset' 'when = bytes:50k'
received 56 web /bytes/1000000
says "$work/err" 'reset by peer'
same "bytes before the reset" 51200 "$got_bytes"
# A reply that ends before the trigger is not touched.
received 0 web /bytes/1000

# Before any byte the RST may even meet curl as it asks how its connect() went (7).
with_fault 'type = reset' 'when = bytes:0'
received '56|55|7' web /bytes/1000
same "bytes before a reset at 0" 0 "$got_bytes"

# close: 18, after exactly the bytes named. Both modes.
with_fault 'type = close' 'when = bytes:50k'
received 18 web /bytes/1000000
same "bytes before the close" 51200 "$got_bytes"

# No byte at all: curl's "empty reply".
with_fault 'type = close' 'when = bytes:0'
received 52 web /bytes/1000

# A plain close() is the careless program's: a FIN as long as nothing unread is left here.
with_fault 'type = close' 'mode = plain' 'side = client' 'when = bytes:50k'
received '18|56' web /bytes/1000000
same "bytes before the plain close" 51200 "$got_bytes"

# half_close: the client sees an early end, as with close.
with_fault 'type = half_close' 'side = client' 'when = bytes:50k'
received 18 web /bytes/1000000
same "bytes before the half-close" 51200 "$got_bytes"

# after_fin: a reader has its end of file before the RST.
with_fault 'type = reset' 'mode = after_fin' 'side = client' 'when = bytes:50k'
received '18|56' web /bytes/1000000
same "bytes before FIN and RST" 51200 "$got_bytes"

# unread: bytes left behind become a RST for the uploader.
head -c 3000000 /dev/zero >"$work/upload"
with_fault 'type = unread' 'side = client' 'direction = upstream' 'when = bytes:50k'
received '55|56' web /upload -T "$work/upload" -H 'Expect:'
says "$work/err" 'reset by peer|broken pipe'

# connections = 2: the second and no other.
with_fault 'type = reset' 'when = bytes:50k' 'connections = 2'
received 0 web /bytes/100000
received 56 web /bytes/100000
received 0 web /bytes/100000

# times = 1: the first, then no more.
with_fault 'type = reset' 'when = bytes:50k' 'times = 1'
received 56 web /bytes/100000
received 0 web /bytes/100000

# The log tells which fault it was and where it struck.
eventually 20 grep -qE '"event": *"fault"' "$proxy_log" || fail "no fault event in the log"
grep -E '"event": *"fault"' "$proxy_log" >"$work/faults"
same "faults logged" 1 "$(wc -l <"$work/faults")"
says "$work/faults" '"it"'
says "$work/faults" '"reset"'
says "$work/faults" '"offset": *51200'

proxy_stop
