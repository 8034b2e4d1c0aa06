#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# sweep: how it ends: its budget, its limits, its errors, its children; and what stays for the next one.
# shellcheck source=tests/e2e/sweep/lib.sh
. "$(dirname "$0")/sweep/lib.sh"

# --- The limit of a set-up and of a check ---------------------------------------------------------

# They run beside the rest. Without a fault the check is fast, after one it takes longer than 10 s.
# shellcheck disable=SC2016
"$RUDEPROXY" sweep -c "$ini" --seed 1 --only 'web#1:downstream:17:reset' --check '[ "$RUDEPROXY_RUN" -lt 3 ] || sleep 11' \
    -- sh -c "$fetch" >"$work/long.out" 2>&1 &
long_check=$!
"$RUDEPROXY" sweep -c "$ini" --timeout 1s --setup 'sleep 600' -- sh -c "$fetch" >"$work/setup.out" 2>&1 &
endless_setup=$!
servers+=("$long_check" "$endless_setup")

# --- Children that it did not start ----------------------------------------------------------------

# shellcheck disable=SC2016
expect 1 timeout 60 bash -c 'sleep 100 & echo $! >"$0"; exec "$@"' "$work/inherited" "$RUDEPROXY" sweep -c "$ini" -- /nonexistent/command
kill "$(cat "$work/inherited")"
says "$work/err" 'could not be started: .*nonexistent'
says "$work/err" '^rudeproxy: seed [0-9]+$' # it was drawn
if unshare --pid --fork --kill-child --mount-proc true 2>/dev/null; then
    expect 1 timeout 60 unshare --pid --fork --kill-child --mount-proc \
        "$RUDEPROXY" sweep -c "$ini" -- /nonexistent/command
    says "$work/err" 'could not be started: .*nonexistent'
fi

# --- The reason of a failure is at the end of what was printed --------------------------------------

# shellcheck disable=SC2016
sweep 1 --setup 'for i in $(seq 100); do echo "line $i of many" >&2; done; echo "the reason" >&2; exit 3' -- true
says "$work/err" '^rudeproxy: run 00001: --setup failed: the reason$'

# --- A log that loses lines ---------------------------------------------------------------------------

# The lines of a fault may be among them: a verdict without them would be wrong.
(
    trap '' XFSZ
    ulimit -S -f 3
    sweep 1 -- sh -c "$fetch >/dev/null"
) || exit 1
says "$work/err" '^rudeproxy: run [0-9]+: the log lost [1-9][0-9]* lines: '

# --- A time that is over ----------------------------------------------------------------------------

# The first run with a fault takes longer than the budget. It looks bad, the next ones do not.
# shellcheck disable=SC2016
sweep 0 --jobs 1 --budget 1s --timeout 60s --sweep-fault 'close side=client' -- \
    sh -c "$fetch >/dev/null 2>&1"'; case $RUDEPROXY_RUN in 00003) sleep 1.2; echo odd ;; esac'
says "$work/out" 'flaky'

# A time that ends never is no time that is over. (5124095576h are 2^64 us, nearly.)
sweep 4 --jobs 1 --budget 5124095576h --timeout 60s --only 'web#1:downstream:17:close side=client' --sweep-fault 'close side=client' -- \
    sh -c "$fetch"

# The time is over while a bad random run is reduced: run 3 is drawn, 4 and 5 confirm it.
# shellcheck disable=SC2016
sweep 4 --jobs 1 --random 1 --budget 1s --timeout 60s --sweep-fault 'close side=client' -- \
    sh -c "$fetch >/dev/null 2>&1"'; case $RUDEPROXY_RUN in 0000[12]) ;; 0000[345]) echo odd ;; *) sleep 1.2; echo odd ;; esac'
says "$work/out" '1 bad \(stopped before the plan was done\)'
[ ! -s "$work/err" ] || fail "no sentence was expected: $(cat "$work/err")"

# --- A signal ---------------------------------------------------------------------------------------

# When the sweep has ended, nothing of its runs is left. A subreaper kills one generation after the other, which takes it longer
# than the sweep takes to end.
mark=endless.$$
# shellcheck disable=SC2016
endless="trap '' TERM; : $mark; "'nest() {
    [ "$1" -eq 0 ] || { (nest $(($1 - 1))); :; }
    while :; do date >>"$RUDEPROXY_RUN_DIR/x"; done
}
nest 40'
is_busy() { [ -s "$work/stopped/00001/x" ]; }
stop_sweep() { # OPTIONS... -- CMD...
    local status=0 pid
    "$RUDEPROXY" sweep -c "$ini" --seed 1 --dir "$work/stopped" "$@" >"$work/stopped.out" 2>&1 &
    pid=$!
    servers+=("$pid")
    eventually 60 is_busy || fail "the command does not run: $(cat "$work/stopped.out")"
    kill -TERM "$pid"
    wait "$pid" || status=$?
    ! pgrep -f "$mark" >/dev/null || fail "left behind: $(pgrep -af "$mark")"
    same 'the status of a sweep that was stopped' 1 "$status"
    [ ! -e "$work/stopped/00001" ] || fail "left behind: $(ls -R "$work/stopped")"
}
stop_sweep -- sh -c "$endless"
stop_sweep --setup "$endless" -- true

# One that the parent has blocked is pending for ever, and does not count.
# shellcheck disable=SC2016
expect 0 timeout -s KILL 100 env --block-signal=TERM sh -c 'kill -TERM $$; exec "$@"' sh \
    "$RUDEPROXY" sweep -c "$ini" --seed 1 --budget 3 --sweep-fault reset -- sh -c "$fetch"
says "$work/out" 'in [1-9][0-9]* runs'

# One that comes after the start of a run, and before the wait for its end: the call that starts it takes 2 s.
late=(strace -qq -o /dev/null -e trace=clone -e inject=clone:delay_exit=2000000)
if "${late[@]}" true 2>/dev/null; then
    # shellcheck disable=SC2016
    "${late[@]}" "$RUDEPROXY" sweep -c "$ini" --jobs 1 --dir "$work/late" -- sh -c 'touch "$0"; exec sleep 600' "$work/late.up" \
        >"$work/late.out" 2>&1 &
    tracer=$!
    servers+=("$tracer")
    eventually 60 test -e "$work/late.up" || fail "the command does not run: $(cat "$work/late.out")"
    kill -TERM "$(cat "/proc/$tracer/task/$tracer/children")"
    eventually 60 process_gone "$tracer" || fail 'the signal is lost'
else
    note 'not looked at: a signal before the wait: strace cannot play it here'
fi

# --- The reader of the map is gone --------------------------------------------------------------------

# What the command inherits is what we inherited.
ignored='sed -n "s/^SigIgn:[[:space:]]*//p" /proc/$$/status'
rm -f "$work/report.json"
status=0
timeout 60 "$RUDEPROXY" sweep -c "$ini" --seed 1 --budget 3 --sweep-fault reset --report "$work/report.json" -- \
    sh -c "$ignored >'$work/ignored'; $fetch" 2>"$work/err" | true || status=$?
same 'the status' 1 "$status"
[ -s "$work/report.json" ] || fail "no report: $(cat "$work/err")"
says "$work/err" 'cannot write to stdout'
same 'the ignored signals' "$(sh -c "$ignored")" "$(cat "$work/ignored")"

# --- A fault may have any text --------------------------------------------------------------------------

fault='inject data="a | b + c type=d"'
sweep 4 --sweep-fault "close side=client | $fault" --dir "$work/quoted" --only "web#1:downstream:300:$fault" -- sh -c "$fetch"
line=$(sed -n 's/^; Repeat it: //p' "$work/quoted"/*.ini)
expect 4 bash -c "$line"
says "$work/out" '^different: inject data="a \| b \+ c type=d"'

# --- Files for the next one -------------------------------------------------------------------------------

byte=$'\xff'
sweep 4 --budget 3 --sweep-fault reset --expect same --dir "$work/kept" -- sh -c "$fetch" "$byte"
ls "$work/kept"/*.ini >/dev/null || fail 'no file for a bad run'
sweep 4 --budget 3 --sweep-fault reset --expect same --resume "$work/kept" --junit "$work/resumed.xml" --html "$work/resumed.html" -- \
    sh -c "$fetch" "$byte"
says "$work/out" 'in 2 runs'
# The evidence of earlier runs is in its reports. One that is not UTF-8 has question marks.
says "$work/resumed.xml" 'curl: \([0-9]+\)'
says "$work/resumed.html" '"output": ?"[^"]*curl: \([0-9]+\)'
says "$work/resumed.html" '"record": ?"\{'
ls "$work/kept"/*.ini >/dev/null || fail 'no file for a bad run of the journal'
# Its reports may have other options: then the evidence of what was not bad before is shown.
sweep 0 --budget 3 --sweep-fault reset --dir "$work/good" -- sh -c "$fetch"
sweep 4 --budget 3 --sweep-fault reset --expect same --resume "$work/good" --junit "$work/strict.xml" -- sh -c "$fetch"
says "$work/strict.xml" 'curl: \([0-9]+\)'
other() { # OPTIONS...
    sweep 1 --budget 3 --sweep-fault reset --expect same --resume "$work/kept" "$@" -- sh -c "$fetch" "$byte"
    says "$work/err" 'of a sweep with other options'
}
other --timeout 50s
sed -i 's/builtin:http/builtin:echo/' "$ini"
other
sed -i 's/builtin:echo/builtin:http/' "$ini"
# A text of [sweep] is taken as it is, blanks at its ends, too.
printf '[sweep]\nallow = " failed, hung"\nbudget = 3\n' | cat "$ini" - >"$work/allow.ini"
expect 0 timeout 100 "$RUDEPROXY" sweep -c "$work/allow.ini" --sweep-fault reset --expect same -- sh -c "$fetch"
# The files of bad runs go with their sweep.
sweep 0 --budget 3 --sweep-fault reset --dir "$work/kept" -- sh -c "$fetch"
[ -z "$(find "$work/kept" -name '*.ini')" ] || fail "left of an earlier sweep: $(ls "$work/kept")"

# --- As another user ----------------------------------------------------------------------------------------

if [ "$(id -u)" -eq 0 ] && id nobody >/dev/null 2>&1; then
    # A UNIX socket that is closed for a time is made anew by that user.
    printf '[rudeproxy]\nuser = nobody\n[proxy local]\nlisten = unix:%s\nupstream = builtin:http\nunreachable = refuse\n' \
        "$work/local" >>"$ini"
    # shellcheck disable=SC2016
    sweep 0 --budget 3 --sweep-fault reset --dir "$work/user" --check '[ -e "$RUDEPROXY_RUN_DIR/written" ]' -- \
        sh -c 'touch "$RUDEPROXY_RUN_DIR/written"; '"$fetch"
    same 'left in its folder' sweep.jsonl "$(ls "$work/user")"
    leftover="sleep 98764.$$"
    is_running() { pgrep -f "^$leftover\$" >/dev/null; }
    is_gone() { ! is_running; }
    "$RUDEPROXY" sweep -c "$ini" -- sh -c "$leftover; true" >/dev/null 2>&1 &
    pid=$!
    eventually 60 is_running || fail 'the command does not run'
    kill -KILL "$pid"
    wait "$pid" 2>/dev/null || true
    eventually 20 is_gone || fail 'a command of another user outlives the sweep'
fi

# --- The limits, again -----------------------------------------------------------------------------------------

status=0
wait "$endless_setup" || status=$?
same 'the endless set-up' 1 "$status"
says "$work/setup.out" '^rudeproxy: run 00001: --setup failed: --setup did not end in 10 s$'
status=0
wait "$long_check" || status=$?
same "the long check: $(cat "$work/long.out")" 0 "$status"
eventually 20 is_tidy || fail "left behind: $(ls -A "$TMPDIR")"
