#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# sweep: real commands with real bugs, each called what it is.
# shellcheck source=tests/e2e/sweep/lib.sh
. "$(dirname "$0")/sweep/lib.sh"
need python3
printf '\n[sweep]\ntimeout = 60s\n' >>"$ini"

# outcomes FILTER - the report's results, one line `direction offset edge fault outcome` each.
outcomes() {
    python3 - "$report" "$1" <<'PY'
import json, sys
for r in json.load(open(sys.argv[1]))["results"]:
    p = r["place"]
    if r["outcome"] == sys.argv[2]:
        print(p["direction"], p["offset"], p["edge"], r["fault"])
PY
}

nothing_is_left() {
    is_tidy || fail "left behind: $(ls -A "$TMPDIR")"
}

# What hangs needs time and nothing else: that sweep goes on beside the others, and is looked at below.
mkdir "$work/hung"
TMPDIR=$work/hung "$RUDEPROXY" sweep -c "$ini" --seed 1 --jobs 4 --budget 2 --timeout 12s --sweep-fault stall -- \
    sh -c "${fetch/20/600}" >"$work/hung.out" 2>&1 </dev/null &
hung=$!
servers+=("$hung")

# --- A baseline that no sweep can stand on ------------------------------------------------------

sweep 1 -- true
says "$work/err" 'connected to no proxy'
sweep 1 --check false -- sh -c "$fetch"
says "$work/err" 'the check fails without a fault'
sweep 1 -- /nonexistent/command
says "$work/err" 'could not be started: .*nonexistent'
sweep 2 --sweep-fault 'close sid=client' -- sh -c "$fetch"
says "$work/err" "did you mean 'side'"
sweep 2 --allow differnt -- sh -c "$fetch"
says "$work/err" "did you mean 'different'"
sweep 2 --only 'web#1:downstream:x:reset' -- sh -c "$fetch"
says "$work/err" 'is not a place'
sweep 2 --only 'other#1:downstream:0:reset' -- touch "$work/started"
says "$work/err" "--only: .*other"
sweep 2 --only 'web#1:downstream:0:latency time=1s' -- touch "$work/started"
says "$work/err" 'not among the faults of this sweep'
[ ! -e "$work/started" ] || fail 'a run was made for a place that cannot be'
# Segments are on the TCP side only. A fault that reaches no proxy is found before the first run.
printf '[proxy web]\nlisten = unix:%s\nupstream = 127.0.0.1:1\n' "$work/web.sock" >"$work/unix.ini"
unix_sweep() { # STATUS FAULT
    expect "$1" "$RUDEPROXY" sweep -c "$work/unix.ini" --sweep-fault "$2" -- touch "$work/started"
}
unix_sweep 2 'packet_loss side=client'
says "$work/err" "sweep-fault 'packet_loss side=client': can act on no proxy"
unix_sweep 2 'reset clients=127.0.0.1'
unix_sweep 2 'reset destinations=a.test'
[ ! -e "$work/started" ] || fail 'a run was made for a fault that reaches no proxy'
unix_sweep 1 'packet_loss' # that of the server's side
says "$work/err" 'connected to no proxy'
nothing_is_left

# --- Each outcome -------------------------------------------------------------------------------

sweep 0 --budget 40 --sweep-fault reset -- sh -c "$fetch"
says "$work/out" 'failed .* the command reported an error'
sweep 4 --budget 3 --sweep-fault reset --expect same -- sh -c "$fetch"

# shellcheck disable=SC2016
sweep 4 --budget 10 --sweep-fault 'close side=client' -- sh -c "$fetch >/dev/null"' || kill -SEGV $$'
says "$work/out" '^crashed: close side=client.*signal 11'
grep -q '"signal": 11' "$report" || fail 'no signal in the report'

# Some runs end in another way by themselves: those with an even number.
# shellcheck disable=SC2016
sweep 0 --jobs 1 --budget 3 --sweep-fault 'close side=client' -- \
    sh -c "$fetch >/dev/null 2>&1"'; case $RUDEPROXY_RUN in 0000[12]) ;; *[02468]) echo odd ;; esac'
says "$work/out" 'flaky'

# The map has colours on a terminal, unless NO_COLOR is set and not empty (no-color.org).
is_coloured() { # NO_COLOR
    NO_COLOR=$1 expect 0 python3 -c 'import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)' \
        "$RUDEPROXY" sweep -c "$ini" --seed 1 --only 'web#1:downstream:0:reset' -- sh -c "$fetch"
    grep -q $'\e\\[33me' "$work/out"
}
is_coloured '' || fail 'a terminal gets no colour'
! is_coloured 1 || fail 'NO_COLOR gets colour'

# The second connection is never made: no fault fires there.
sweep 0 --only 'web#2:downstream:0:reset' -- sh -c "$fetch"
[ "$(outcomes not_reached | wc -l)" = 1 ] || fail "$(cat "$report")"
nothing_is_left

# --- The head of a reply is cut: the edge is found to the byte -----------------------------------

if curl --version | grep '^curl 7\.88\.1' >/dev/null; then
    sweep 4 --budget 60 --sweep-fault 'close side=client' -- sh -c "$fetch"
    # shellcheck disable=SC2016
    head=$("$RUDEPROXY" exec -c "$ini" --quiet -- \
        sh -c 'curl -q -s --noproxy "*" -o /dev/null -D - "http://$RUDEPROXY_WEB_ADDR/bytes/1000"' 2>/dev/null)
    edge=$(($(grep -abo 'Content-Length' <<<"$head" | cut -d : -f 1)))
    last=$(outcomes different | awk '$1 == "downstream" { print $2 }' | sort -n | tail -n 1)
    [ "$last" -ge "$edge" ] || fail "last place with other output: $last, Content-Length at $edge"
    failed=$(outcomes failed | awk -v last="$last" '$1 == "downstream" && $2 > last { print $2 }' |
        sort -n | sed -n 1p)
    [ "$failed" = $((last + 1)) ] || fail "the edge is not exact: $last, then $failed"
else
    note "curl is not 7.88.1: the cut head was not tried"
fi

# --- Two orders instead of one ------------------------------------------------------------------

mkdir "$work/orders"
# One request after the other: when the second one is answered, the order of the first is written, or there is none.
sed 's/ThreadingHTTPServer/HTTPServer/' "$(dirname "$0")/../../examples/requests/server.py" >"$work/shop.py"
python3 "$work/shop.py" "$work/orders" "$work/shop.port" &
servers+=($!)
eventually 20 test -e "$work/shop.port" || fail "the shop does not start"
ini=$work/shop.ini
cat >"$ini" <<INI
[proxy shop]
listen   = 127.0.0.1:0
upstream = 127.0.0.1:$(cat "$work/shop.port")

[sweep]
check       = test "\$(wc -l <$work/orders/\$RUDEPROXY_RUN)" -le 1
sweep_fault = close side=client | reset side=client
timeout     = 60s
INI
# shellcheck disable=SC2016
order='post() { curl -q -sf --noproxy "*" -d one "http://$RUDEPROXY_SHOP_ADDR/orders/$RUDEPROXY_RUN"; }
    >"$0/$RUDEPROXY_RUN"; post || post'
for jobs in 1 4; do
    sweep 4 --jobs "$jobs" --budget 30 -- sh -c "$order" "$work/orders"
    outcomes check_failed >"$work/found.$jobs"
    # The server has the whole request: from the first byte of the reply to the last but one.
    for place in '0 withheld' '1 into'; do
        grep -q "^downstream $place close side=client$" "$work/found.$jobs" || fail "$(cat "$work/found.$jobs")"
    done
    ! grep -q '^upstream 0 ' "$work/found.$jobs" || fail 'no order was made when nothing had been sent'
done
diff "$work/found.1" "$work/found.4" >&2 || fail 'the table depends on --jobs'

# --- What is known is no news -------------------------------------------------------------------

cp "$report" "$work/known.json"
sweep 0 --budget 30 --known "$work/known.json" -- sh -c "$order" "$work/orders"
sed -i '0,/"check_failed",/s//"same",/' "$work/known.json"
sweep 4 --budget 30 --known "$work/known.json" -- sh -c "$order" "$work/orders"
says "$work/out" ': 1 bad'

# --- Files of the bad runs ----------------------------------------------------------------------

sweep 4 --budget 20 --dir "$work/kept" --html "$work/map.html" --junit "$work/junit.xml" -- \
    sh -c "$order" "$work/orders"
bad=$(find "$work/kept" -name '*.ini' | LC_ALL=C sort | sed -n 1p)
expect 0 "$RUDEPROXY" check -c "$bad"
says "$bad" '^; Repeat it: .*sweep .*--only '
says "$work/junit.xml" '<failure type="check_failed"'
says "$work/map.html" '"outcome":"check_failed"'
line=$(sed -n 's/^; Repeat it: //p' "$bad")
expect 4 bash -c "$line"

# --- Killed, and gone on ------------------------------------------------------------------------

"$RUDEPROXY" sweep -c "$ini" --seed 1 --jobs 1 --budget 30 --dir "$work/again" -- sh -c "$order" "$work/orders" \
    >/dev/null 2>&1 &
pid=$!
has_lines() { [ "$(wc -l <"$work/again/sweep.jsonl")" -ge 6 ]; }
eventually 60 has_lines 2>/dev/null || fail 'no journal'
kill -KILL "$pid"
wait "$pid" 2>/dev/null || true
before=$(grep -c '"key"' "$work/again/sweep.jsonl")
last=$(sed -n 's/.*"run":\([0-9]*\).*/\1/p' "$work/again/sweep.jsonl" | sort -n | tail -1)
next=$(printf '%05d' $((last + 1))) # it may have begun when the sweep was killed
mkdir -p "$work/again/$next" "$work/again/00002" "$work/again/00002.sock"
touch "$work/again/$next/stale" "$work/again/00002/stale" "$work/again/00002.sock/0"
sweep 4 --budget 30 --resume "$work/again" -- sh -c "$order" "$work/orders"
outcomes check_failed >"$work/found.again"
diff "$work/found.1" "$work/found.again" >&2 || fail 'a resumed sweep finds something else'
runs=$(sed -n 's/.* places in \([0-9]*\) runs.*/\1/p' "$work/out")
all=$(grep -c '"key"' "$work/again/sweep.jsonl")
[ "$runs" -le $((all - before + 2)) ] || fail "$runs runs, though $before of $all were made before"
expect 1 "$RUDEPROXY" sweep -c "$ini" --seed 2 --resume "$work/again" -- sh -c "$order" "$work/orders"
says "$work/err" 'of a sweep with other options'

ls "$work/again"/*.ini >/dev/null || fail 'a resumed sweep writes no files for what is bad'
first=$(sed -n "s/.*\"run\":\([0-9]*\).*/\1/p" "$work/again/sweep.jsonl" | awk -v last="$last" '$1 > last' | sed -n 1p)
[ "$first" -gt $((last + 2)) ] || fail "run $first may be one that the killed sweep had begun, behind $last"
expect 1 "$RUDEPROXY" sweep -c "$ini" --seed 1 --check true --resume "$work/again" -- sh -c "$order" "$work/orders"
says "$work/err" 'of a sweep with other options'
no_run_is_left() {
    [ -z "$(find "$work/again" -name '[0-9]*' ! -name '*.ini')" ] ||
        fail "left of a killed sweep: $(ls "$work/again")"
}
no_run_is_left
# Without --seed it is that of the journal.
expect 4 "$RUDEPROXY" sweep -c "$ini" --budget 30 --resume "$work/again" -- sh -c "$order" "$work/orders"
: >"$work/again/sweep.jsonl"
expect 1 "$RUDEPROXY" sweep -c "$ini" --resume "$work/again" -- sh -c "$order" "$work/orders"
says "$work/err" 'is empty: there is nothing to resume'
ini=$work/web.ini
# A new sweep in the same folder looks after it too.
echo '{"run":1000}' >"$work/again/sweep.jsonl"
mkdir -p "$work/again/00900"
sweep 0 --budget 2 --sweep-fault reset --dir "$work/again" -- sh -c "$fetch"
no_run_is_left

# --- The environment of --setup and --check is that of the command ----------------------------------

# shellcheck disable=SC2016
RUDEPROXY_CONFIG=$ini sweep 0 --budget 3 --sweep-fault reset --setup '[ -z "${RUDEPROXY_CONFIG-}" ]' \
    --check '[ -z "${RUDEPROXY_CONFIG-}" ] && [ "$RUDEPROXY_WEB_ADDR" = "$(cat "$RUDEPROXY_RUN_DIR/address")" ]' \
    -- sh -c 'echo "$RUDEPROXY_WEB_ADDR" >"$RUDEPROXY_RUN_DIR/address"; '"$fetch"

# --- What --setup and --check leave behind ends, and nobody waits for it ---------------------------

leftover="sleep 98765.$$"
is_running() { pgrep -f "^$leftover\$" >/dev/null; }
is_gone() { ! is_running; }
sweep 0 --budget 3 --sweep-fault reset --setup "setsid $leftover >/dev/null 2>&1 &" -- sh -c "$fetch"
is_gone || fail 'a daemon of --setup is left'
for signal in INT KILL; do
    # shellcheck disable=SC2016
    "$RUDEPROXY" sweep -c "$ini" --seed 1 --sweep-fault reset \
        --check '[ "$RUDEPROXY_RUN" -lt 3 ] || { '"$leftover"'; true; }' -- sh -c "$fetch" >/dev/null 2>&1 &
    pid=$!
    eventually 60 is_running || fail 'the check does not run'
    kill "-$signal" "$pid"
    wait "$pid" 2>/dev/null || true
    eventually 20 is_gone || fail "a check outlives SIG$signal"
done

# --- A place at a FIN says how many bytes stand before it --------------------------------------------

sweep 0 --sweep-fault reset --only 'web#1:downstream:fin:reset' -- sh -c "$fetch"
[ "$(outcomes same)" != 'downstream 0 fin reset' ] || fail 'the FIN stands at 0'

# --- A full disk is said, not taken for an outcome ----------------------------------------------------

mkdir "$work/tiny"
# shellcheck disable=SC2016 # expanded by the shell that has mounts of its own
on_tiny=(unshare -m sh -c 'mount -t tmpfs -o size=96k tmpfs "$0" && TMPDIR=$0 exec "$@"' "$work/tiny")
if "${on_tiny[@]}" true 2>/dev/null; then
    for target in "" "--dir $work/tiny/dir"; do
        # shellcheck disable=SC2086
        expect 1 "${on_tiny[@]}" "$RUDEPROXY" sweep -c "$ini" --budget 3 --sweep-fault reset $target -- \
            sh -c "$fetch; head -c 300000 /dev/zero"
        says "$work/err" 'no space is left in .*tiny'
    done
fi

# --- Two faults that only together are bad ------------------------------------------------------

ini=$work/web.ini
sweep 4 --random 10 --expect same --sweep-fault 'close side=client' -- \
    sh -c "$fetch >/dev/null 2>&1 || $fetch >/dev/null"
says "$work/out" '^failed: close side=client, web#1'
says "$work/out" '^  and close side=client at web#2:'
# Each find is a group, and its further faults belong to it.
bad=$(sed -nE 's/^Tried .*: ([0-9]+) bad.*/\1/p' "$work/out")
same 'the groups' "$bad" "$(grep -c '^failed:' "$work/out")"
cp "$report" "$work/known.json"
random() { # STATUS
    sweep "$1" --random 10 --expect same --sweep-fault 'close side=client' --known "$work/known.json" -- \
        sh -c "$fetch >/dev/null 2>&1 || $fetch >/dev/null"
}
random 0
python3 - "$work/known.json" <<'PY'
import json, sys
report = json.load(open(sys.argv[1]))
for result in report["results"]:
    for more in result.get("more", []):
        more["place"]["connection"] += 1
json.dump(report, open(sys.argv[1], "w"))
PY
random 4
nothing_is_left

# --- The sweep that was started first ---------------------------------------------------------------

status=0
wait "$hung" || status=$?
same "the status of a sweep with runs that hang" 4 "$status"
says "$work/hung.out" '^hung: stall, web#1'
TMPDIR=$work/hung nothing_is_left
