#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# sweep: what counts as output, and a baseline that no sweep can stand on.
# shellcheck source=tests/e2e/sweep/lib.sh
. "$(dirname "$0")/sweep/lib.sh"
printf '\n[sweep]\ntimeout = 60s\n' >>"$ini"

cd "$work"
# The same status and the same output, whatever happens to the connection.
retry="$fetch >/dev/null 2>&1 || $fetch >/dev/null"

# --- The output of --setup and --check is not that of the command -----------------------------------

# It is different in each run, and would hide what the command prints.
# shellcheck disable=SC2016
sweep 4 --jobs 1 --only 'web#1:downstream:0:reset' --setup 'echo "set up $RUDEPROXY_RUN"' --check 'echo "checked $RUDEPROXY_RUN"' -- \
    sh -c "$fetch >/dev/null 2>&1 || echo lost"
says "$work/out" '^different: reset'
! grep -q 'differ in their output' "$work/err" || fail "$(cat "$work/err")"
# What a set-up prints on stdout is seen, too, if it fails.
sweep 1 --setup 'echo "the reason"; exit 3' -- true
says "$work/err" '--setup failed: the reason$'

# --- A command that does not work without a fault ----------------------------------------------------

sed 's/builtin:http/127.0.0.1:1/' "$ini" >"$work/unreachable.ini"
expect 1 timeout 100 "$RUDEPROXY" sweep -c "$work/unreachable.ini" -- sh -c "$fetch || true"
says "$work/err" '^rudeproxy: without a fault, no connection of sh reached its upstream: 127\.0\.0\.1:1: Connection refused$'
# One of two is enough.
{
    cat "$ini"
    printf '[proxy away]\nlisten = 127.0.0.1:0\nupstream = 127.0.0.1:1\n'
} >"$work/half.ini"
expect 0 timeout 100 "$RUDEPROXY" sweep -c "$work/half.ini" --seed 1 --budget 2 --sweep-fault reset -- \
    sh -c "${fetch/WEB/AWAY}; $fetch"
# shellcheck disable=SC2016
sweep 1 -- sh -c "$fetch"' >/dev/null; kill -SEGV $$'
says "$work/err" '^rudeproxy: without a fault, sh is killed by signal 11 \(Segmentation fault\)$'
sweep 0 --budget 2 --sweep-fault reset -- sh -c "$retry; no-such-command"
same 'how often the status is named' 1 "$(grep -c '^rudeproxy: without a fault, sh exits with 127$' "$work/err")"
sweep 0 --budget 2 --sweep-fault reset -- sh -c "$retry"
! grep -q 'without a fault' "$work/err" || fail "$(cat "$work/err")"

# --- Files to compare -----------------------------------------------------------------------------------

compare() { # STATUS FILE SCRIPT OPTIONS... - SCRIPT is run after $retry. The fault does not change what is printed.
    local status=$1 file=$2 script=$3
    shift 3
    sweep "$status" --compare "$file" --sweep-fault reset "$@" -- sh -c "$retry; $script"
}
one=(--only 'web#1:downstream:0:reset')
# The program sets the file's time, as wget does.
sweep 4 --compare dated.txt "${one[@]}" -- sh -c "$fetch >dated.txt 2>/dev/null || echo lost >dated.txt; touch -d @0 dated.txt"
# What only a fault makes of the file is another output.
# shellcheck disable=SC2016
sweep 4 --compare made "${one[@]}" -- sh -c 'cd "$RUDEPROXY_RUN_DIR"; '"$fetch >made 2>/dev/null || { rm made; mkdir made; }"
mkdir "$work/folder"
compare 1 folder true
says "$work/err" '^rudeproxy: run 00001: cannot compare folder: Is a directory$'
# shellcheck disable=SC2016
compare 1 fifo 'mkfifo "$RUDEPROXY_RUN_DIR/fifo"'
says "$work/err" '^rudeproxy: run 00001: cannot compare fifo: it is not a regular file$'
# shellcheck disable=SC2016
compare 1 loop 'ln -s loop "$RUDEPROXY_RUN_DIR/loop"'
says "$work/err" '^rudeproxy: run 00001: cannot compare loop: Too many levels of symbolic links$'
if [ "$(id -u)" -ne 0 ]; then
    # shellcheck disable=SC2016
    compare 1 secret 'echo >"$RUDEPROXY_RUN_DIR/secret"; chmod 0 "$RUDEPROXY_RUN_DIR/secret"'
    says "$work/err" '^rudeproxy: run 00001: cannot compare secret: Permission denied$'
fi
unwritten='^rudeproxy: without a fault, no run writes the file out/resutl\.bin of --compare$'
compare 0 out/resutl.bin true "${one[@]}"
same 'how often the file is named' 1 "$(grep -c "$unwritten" "$work/err")"

# Left by the run before, and not written again: it is not there.
# shellcheck disable=SC2016
stale='[ "$RUDEPROXY_RUN" -gt 2 ] || echo written >left.txt'
compare 4 left.txt "$stale" --jobs 4 "${one[@]}"
says "$work/out" '^different: reset'
says "$work/err" '^rudeproxy: the runs share the file left\.txt, which is not in RUDEPROXY_RUN_DIR: one run at a time$'
! grep -q 'no run writes' "$work/err" || fail "$(cat "$work/err")"
# Written by each run, it is the same. Runs side by side would find other numbers in it.
# shellcheck disable=SC2016
compare 0 number.txt 'n=$RUDEPROXY_RUN; echo $n >number.txt; i=0; while [ $((i += 1)) -lt 1000 ]; do [ "$(cat number.txt)" = $n ] || exit 1; done; echo done >number.txt' \
    --jobs 4 --budget 4 --expect same
# Only a fault makes it: the run that gets no byte of the body. The runs beside it see the file: all four of the first wave begin before
# it is written, and end after that.
mkdir "$work/began"
# shellcheck disable=SC2016
made_late='wait_for() { i=0; until eval "$1" || [ $((i += 1)) -gt 500 ]; do sleep 0.01; done; }
    [ "$RUDEPROXY_RUN" -lt 3 ] || { : >began/$RUDEPROXY_RUN; wait_for "[ -e began/00006 ]"; }
    '"$fetch"' >"$RUDEPROXY_RUN_DIR/got" 2>/dev/null || [ -s "$RUDEPROXY_RUN_DIR/got" ] || echo x >late.txt
    [ "$RUDEPROXY_RUN" -lt 3 ] || wait_for "[ -e late.txt ]"; :'
late() { # STATUS OPTIONS... - The place at the FIN gets the whole body.
    sweep "$1" --compare late.txt --sweep-fault reset --jobs 4 --budget 4 "${@:2}" -- sh -c "$made_late"
    says "$work/out" '^web#1 up +reset +DDD\.$'
}
late 4 --dir "$work/late"
says "$work/err" '^rudeproxy: the runs share the file late\.txt, '
says "$work/out" 'in 16 runs' # 2 without a fault, 4 and the same 4 apart, 2 more of each bad one
late 4 --resume "$work/late"
says "$work/out" 'in 2 runs'
# Killed before one was run apart: the journal has none of those that ran side by side.
rm -rf began late.txt
mkdir began
"$RUDEPROXY" sweep -c "$ini" --seed 1 --compare late.txt --sweep-fault reset --jobs 4 --budget 4 --dir "$work/cut" -- \
    sh -c "[ \$RUDEPROXY_RUN -lt 7 ] || { : >$work/apart; sleep 600; }; $made_late" >/dev/null 2>&1 &
pid=$!
servers+=("$pid")
eventually 60 test -e "$work/apart" || fail 'no run is made apart'
kill -KILL "$pid"
wait "$pid" 2>/dev/null || true
same 'the journal' 1 "$(wc -l <"$work/cut/sweep.jsonl")"
# What the first runs found stays, if the time is over before they are made again.
# shellcheck disable=SC2016
crashes='[ "$RUDEPROXY_RUN" -lt 3 ] || sleep 2; '"$fetch"' >"$RUDEPROXY_RUN_DIR/got" 2>/dev/null && exit
    echo x >soon.txt; [ -s "$RUDEPROXY_RUN_DIR/got" ] || kill -SEGV $$'
sweep 4 --compare soon.txt --sweep-fault reset --jobs 64 --budget 1s -- sh -c "$crashes"
says "$work/out" '^crashed: reset'
# In the folder of the run nothing is shared.
# shellcheck disable=SC2016
compare 0 own.txt 'echo own >"$RUDEPROXY_RUN_DIR/own.txt"' --jobs 4 --budget 4
[ ! -s "$work/err" ] || fail "no sentence was expected: $(cat "$work/err")"
