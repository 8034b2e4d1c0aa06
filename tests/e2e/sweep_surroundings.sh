#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# sweep: what surrounds a run: servers of its set-up, the terminal, its folder, the CPUs.
# shellcheck source=tests/e2e/sweep/lib.sh
. "$(dirname "$0")/sweep/lib.sh"
need python3
printf '\n[sweep]\ntimeout = 60s\n' >>"$ini"

# --- A server for each run ----------------------------------------------------------------------------

sed "s|builtin:http|unix:$work/server.sock|" "$ini" >"$work/own.ini"
printf '[proxy server]\nlisten = unix:%s/server.sock\nupstream = builtin:http\n' "$work" >"$work/server.ini"
server="$RUDEPROXY -c $work/server.ini --ready-file"
# shellcheck disable=SC2016
own_server() { # STATUS CHECK
    expect "$1" timeout 100 "$RUDEPROXY" sweep -c "$work/own.ini" --jobs 1 --budget 3 --sweep-fault reset \
        --setup 'rm -f '"$work/server.sock; $server"' $RUDEPROXY_RUN_DIR/ready & echo $! >$RUDEPROXY_RUN_DIR/pid
            until [ -e $RUDEPROXY_RUN_DIR/ready ]; do kill -0 $! || exit 1; sleep 0.02; done' \
        --check "$2" -- sh -c "$fetch"
    ! pgrep -f "$server" >/dev/null || fail "left behind: $(pgrep -af "$server")"
}
# shellcheck disable=SC2016
own_server 0 'kill -0 "$(cat $RUDEPROXY_RUN_DIR/pid)"'
says "$work/out" 'failed .* the command reported an error'
own_server 1 false
# One that fails, or whose sweep is killed, leaves nothing either.
sweep 1 --setup "$server $work/never & exit 3" -- true
! pgrep -f "$server" >/dev/null || fail "left behind: $(pgrep -af "$server")"
leftover="sleep 98763.$$"
is_running() { pgrep -f "^$leftover\$" >/dev/null; }
is_gone() { ! is_running; }
"$RUDEPROXY" sweep -c "$ini" --setup "$leftover &" -- sh -c "touch $work/begun; exec sleep 600" >/dev/null 2>&1 &
pid=$!
servers+=("$pid")
eventually 60 test -e "$work/begun" || fail 'the command does not run'
is_running || fail 'the server has ended before the command'
kill -KILL "$pid"
wait "$pid" 2>/dev/null || true
eventually 20 is_gone || fail "a server of a set-up outlives SIGKILL"
eventually 20 is_tidy || fail "left behind: $(ls -A "$TMPDIR")"

# --- No terminal ----------------------------------------------------------------------------------------

# A read of it would stop the command, silently, until the time of the run is over.
# shellcheck disable=SC2016
on_terminal=(python3 -c 'import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)' "$RUDEPROXY" sweep -c "$ini" --seed 1)
asks='{ read -r answer </dev/tty; } 2>/dev/null && exit 9'
expect 0 timeout 100 "${on_terminal[@]}" --budget 2 --sweep-fault reset --setup "$asks; true" -- sh -c "$asks; $fetch"
says "$work/out" 'in [1-9][0-9]* runs'
# Ctrl-C at the terminal ends the sweep and all of its runs.
cat >"$work/ctrl_c.py" <<'PYTHON'
import os, pty, sys, time

begun, *command = sys.argv[1:]
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(command[0], command)
while not os.path.exists(begun):
    time.sleep(0.02)
os.write(terminal, b"\x03")
try:
    while os.read(terminal, 4096):
        pass
except OSError:  # EIO: the other end is closed
    pass
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
PYTHON
rm -f "$work/begun"
expect 1 timeout 100 python3 "$work/ctrl_c.py" "$work/begun" "$RUDEPROXY" sweep -c "$ini" -- \
    sh -c "touch $work/begun; $leftover; true"
is_gone || fail 'a command outlives Ctrl-C'
eventually 20 is_tidy || fail "left behind: $(ls -A "$TMPDIR")"

# --- The CPUs that we may use ---------------------------------------------------------------------------

on_one_cpu='import os, sys; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))}); os.execvp(sys.argv[1], sys.argv[1:])'
expect 0 timeout 100 python3 -c "$on_one_cpu" "$RUDEPROXY" sweep -c "$ini" --seed 1 --budget 6 --sweep-fault reset -- \
    sh -c "mkdir $work/alone || touch $work/together; $fetch; status=\$?; rmdir $work/alone; exit \$status"
[ ! -e "$work/together" ] || fail 'on one CPU, runs are made side by side'

# --- A folder of a run that is hard to remove -------------------------------------------------------------

as=() program=$RUDEPROXY
if [ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null && id nobody >/dev/null 2>&1; then
    as=(setpriv --reuid nobody --regid "$(id -g nobody)" --clear-groups)
    program=$work/rudeproxy
    cp "$RUDEPROXY" "$program"
    chmod 711 "$work"
    chmod 777 "$TMPDIR"
fi
if [ ${#as[@]} -gt 0 ] || [ "$(id -u)" -ne 0 ]; then
    # A module cache of Go is read-only. Others cannot be read, or not be entered.
    # shellcheck disable=SC2016
    expect 0 timeout 100 "${as[@]}" "$program" sweep -c "$ini" --budget 2 --sweep-fault reset -- \
        sh -c 'cd "$RUDEPROXY_RUN_DIR" && mkdir -p ro/in secret/in/in shut/in && touch ro/in/file secret/in/in/file shut/in/file
            chmod 555 ro/in ro; chmod 0 secret/in/in secret/in secret; chmod 444 shut; chmod 555 .; '"$fetch"
    is_tidy || fail "left behind: $(find "$TMPDIR")"
else
    note 'not looked at: folders that are hard to remove: nothing is, for root'
fi
