#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# rudeproxy exec: the command's environment and status, signals, and that nothing is left running.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
need curl

web=$work/web.ini
cat >"$web" <<'INI'
[rudeproxy]
grace = 2s

[proxy web]
listen   = 127.0.0.1:0
upstream = builtin:http

[proxy six-2]
listen   = [::1]:0
upstream = builtin:echo

[proxy local]
listen   = unix:SOCKET
upstream = builtin:echo

[proxy any]
listen   = 0.0.0.0:0
upstream = builtin:echo
INI
sed -i "s|SOCKET|$work/local.sock|" "$web"
have_ipv6 || sed -i '/^\[proxy six-2\]/,/^$/d' "$web"
small=$work/small.ini
printf '[rudeproxy]\ngrace = 2s\n\n[proxy web]\nlisten = 127.0.0.1:0\nupstream = builtin:http\n' >"$small"
hour=$work/hour.ini # where the command is never killed for being slow
sed 's/grace = 2s/grace = 1h/' "$small" >"$hour"

# Everything started below carries this in its environment, so that it can be found again.
export RUDE_MARK=$work/mark

none_left() {
    [ -z "$(marked_processes)" ]
}

nothing_is_left() { # AFTER-WHAT; at once: exec has waited for them
    local pids
    pids=$(marked_processes)
    [ -z "$pids" ] || fail "left running after $1: $(for pid in $pids; do tr '\0' ' ' <"/proc/$pid/cmdline"; done)"
}

run() { # CODES ARGS... - exec with the small file
    local codes=$1
    shift
    expect "$codes" "$RUDEPROXY" exec -c "$small" "$@"
}

# exec_start INI CMD... - in the background; sets proxy_pid.
exec_start() {
    "$RUDEPROXY" exec -c "$1" -- "${@:2}" </dev/null >"$work/proxy0.out" 2>"$work/proxy0.err" &
    proxy_pid=$!
}

# The rudeproxy under the strace that proxy_pid is.
tracee() {
    cat "/proc/$proxy_pid/task/$proxy_pid/children"
}

exec_status() { # SECONDS - waits for its end; sets status
    status=0
    eventually "$1" process_gone "$proxy_pid" || fail "exec does not end: $(cat "$work/proxy0.err")"
    wait "$proxy_pid" || status=$?
    proxy_pid=
}

# --- Usage --------------------------------------------------------------------------------------

run 2
says "$work/err" 'needs a command'
run 2 --
expect 2 "$RUDEPROXY" exec -- true
expect 2 "$RUDEPROXY" run -c "$small" -- true
expect 2 "$RUDEPROXY" run -c "$small" --private-network
says "$work/err" 'private-network'
expect 2 "$RUDEPROXY" check -c "$small" --report "$work/x"
printf '[proxy a-b]\nlisten=127.0.0.1:0\nupstream=builtin:echo\n[proxy A_b]\nlisten=127.0.0.1:0\nupstream=builtin:echo\n' >"$work/clash.ini"
expect 2 "$RUDEPROXY" exec -c "$work/clash.ini" -- true
says "$work/err" 'a-b.*A_b.*RUDEPROXY_A_B_ADDR'
echo 'enabled = no' >>"$work/clash.ini" # it has no variables
expect 0 "$RUDEPROXY" exec -c "$work/clash.ini" -- true

# --- Environment, standard streams, status ------------------------------------------------------

# shellcheck disable=SC2016 # expanded by the command
expect 7 "$RUDEPROXY" exec -c "$web" -- bash -c '
    env | grep ^RUDEPROXY_ | grep -v ^RUDEPROXY_BUILD
    curl -q -sS --noproxy "*" -o /dev/null -w "%{http_code}\n" "http://$RUDEPROXY_WEB_ADDR/"
    exec 3<>"/dev/tcp/$RUDEPROXY_ANY_HOST/$RUDEPROXY_ANY_PORT"
    echo hello >&3; read -r word <&3; echo "any $word"
    exit 7'
says "$work/out" '^200$'
says "$work/out" '^any hello$'
says "$work/out" '^RUDEPROXY_WEB_ADDR=127\.0\.0\.1:[1-9][0-9]*$'
says "$work/out" '^RUDEPROXY_WEB_HOST=127\.0\.0\.1$'
says "$work/out" '^RUDEPROXY_WEB_PORT=[1-9][0-9]*$'
if have_ipv6; then
    says "$work/out" '^RUDEPROXY_SIX_2_ADDR=\[::1\]:[1-9][0-9]*$'
    says "$work/out" '^RUDEPROXY_SIX_2_HOST=::1$'
else
    note "not looked at: IPv6, which this machine does not have"
fi
says "$work/out" "^RUDEPROXY_LOCAL_ADDR=unix:$work/local.sock\$"
! grep -q RUDEPROXY_LOCAL_HOST "$work/out" || fail "a UNIX socket has no host"

code=0
got=$(echo through | "$RUDEPROXY" exec -c "$small" -- cat 2>"$work/err") || code=$?
same "status of cat" 0 "$code"
same "stdin to stdout" through "$got"

run 0 -- true
run 1 -- false
run 126 -- "$small"
says "$work/err" 'cannot run .*small\.ini'
run 127 -- "$work/no-such-command"
says "$work/err" 'cannot run .*no-such-command'
# shellcheck disable=SC2016
run 137 -- sh -c 'kill -KILL $$'
# shellcheck disable=SC2016
run 143 -- sh -c 'kill -TERM $$'
nothing_is_left "commands that ended by themselves"

# A failure to start starts no command. What CMD inherits is what we were given.
printf '[proxy web]\nlisten = unix:%s/no/such/folder/sock\nupstream = builtin:http\n' "$work" >"$work/bad.ini"
expect 1 "$RUDEPROXY" exec -c "$work/bad.ini" -- touch "$work/started"
[ ! -e "$work/started" ] || fail "the command was started although nothing listens"
inherited='ulimit -Sn; ls /proc/self/fd; grep -E "Sig(Blk|Ign)" /proc/self/status'
expect 0 sh -c "$inherited"
cp "$work/out" "$work/inherited"
run 0 -- sh -c "$inherited"
cmp "$work/inherited" "$work/out" || fail "limit, descriptors or signals: $(cat "$work/out") instead of $(cat "$work/inherited")"

# --- Leftovers ----------------------------------------------------------------------------------

# A child in the background, one that ignores signals, and a daemon: new session, parent gone.
# shellcheck disable=SC2016
run 5 -- bash -c '
    sleep 1000 &
    (trap "" TERM HUP INT; exec sleep 1001) &
    (setsid sh -c "sleep 1002 & sleep 1003 & exit" &)
    (setsid sh -c "(setsid sleep 1004 &) ; exec sleep 1005" </dev/null >/dev/null 2>&1 &)
    exit 5'
nothing_is_left "a command that daemonises"

# --- Signals ------------------------------------------------------------------------------------

# SIGTERM is the command's first: it has the time to end in its own way, and its status counts.
# shellcheck disable=SC2016
exec_start "$hour" bash -c 'trap "touch \"$RUDE_MARK.told\"; exit 9" TERM; touch "$RUDE_MARK.up"; while :; do sleep 0.05; done'
eventually 20 test -e "$RUDE_MARK.up" || fail "the command did not start"
kill -TERM "$proxy_pid"
exec_status 60
same "status after SIGTERM" 9 "$status"
[ -e "$RUDE_MARK.told" ] || fail "the command was not told"
nothing_is_left SIGTERM

# One that will not end is killed when grace is over.
rm -f "$RUDE_MARK".*
# shellcheck disable=SC2016
exec_start "$small" bash -c 'trap "" TERM; (setsid sleep 1006 &); touch "$RUDE_MARK.up"; while :; do sleep 0.05; done'
eventually 20 test -e "$RUDE_MARK.up" || fail "the command did not start"
kill -TERM "$proxy_pid"
exec_status 20
same "status after grace" 137 "$status"
nothing_is_left "a command that ignores SIGTERM"

# A second signal does not wait.
rm -f "$RUDE_MARK".*
# shellcheck disable=SC2016
exec_start "$hour" bash -c 'trap "touch \"$RUDE_MARK.told\"" TERM; echo $$ >"$RUDE_MARK.up"; while :; do sleep 0.05; done'
eventually 20 test -e "$RUDE_MARK.up" || fail "the command did not start"
kill -TERM "$proxy_pid"
eventually 20 test -e "$RUDE_MARK.told" || fail "the command was not told"
command=$(cat "$RUDE_MARK.up")
killed() { process_gone "$command" || { kill -TERM "$proxy_pid" && false; }; } # at once it would be a repeat: again
eventually 20 killed || fail "a second signal changes nothing"
exec_status 20
same "status after the second signal" 137 "$status"

# stops_by SIGNAL... - sends rudeproxy these signals at once. The command catches SIGTERM, and ends 100 ms later, with status 9.
# rudeproxy counts signals within 100 ms as one. On a busy machine it may handle the second one later, and then it kills the command:
# that returns 1. A command that is killed earlier fails the test.
stops_by() {
    local signal command begin
    rm -f "$RUDE_MARK".*
    # shellcheck disable=SC2016
    exec_start "$hour" bash -c 'trap "until [ -e \"$RUDE_MARK.sent\" ]; do sleep 0.05; done; exit 9" TERM
        echo $$ >"$RUDE_MARK.pid"; touch "$RUDE_MARK.up"; while :; do sleep 0.05; done'
    eventually 20 test -e "$RUDE_MARK.up" || fail "the command did not start"
    command=$(<"$RUDE_MARK.pid")
    begin=$(now_ms)
    for signal in "$@"; do
        kill "-$signal" "$proxy_pid"
    done
    until process_gone "$command" || [ $(($(now_ms) - begin)) -ge 100 ]; do
        sleep 0.01
    done
    # The clock is read after the command was found gone. Two milliseconds are for what both clocks cut off.
    [ $(($(now_ms) - begin)) -ge 98 ] || fail "killed by $*"
    : >"$RUDE_MARK.sent"
    exec_status 60
    [ "$status" -ne 137 ] || return 1
    same "status after $*" 9 "$status"
}

now_ms() {
    printf '%s' $((${EPOCHREALTIME/./} / 1000))
}

# timeout(1) signals its child and then its group: that is one wish to stop. A job in the background of a shell ignores
# SIGINT: then Ctrl-C, which everybody gets, is none.
for ((i = 0, late = 0; i < 8 + late; i++)); do
    stops_by TERM TERM || late=$((late + 1))
    [ "$late" -lt 20 ] || { note "not looked at enough: two signals at once, on a machine this busy" && break; }
done
stops_by INT TERM || fail "killed by INT TERM"

# SIGHUP is passed on, and asks nobody to stop.
rm -f "$RUDE_MARK".*
# shellcheck disable=SC2016
exec_start "$small" bash -c 'trap "echo >>\"$RUDE_MARK.hup\"" HUP; touch "$RUDE_MARK.up"; until [ -e "$RUDE_MARK.end" ]; do sleep 0.05; done'
eventually 20 test -e "$RUDE_MARK.up" || fail "the command did not start"
kill -HUP "$proxy_pid"
eventually 20 test -e "$RUDE_MARK.hup" || fail "SIGHUP was not passed on"
touch "$RUDE_MARK.end"
exec_status 20
same "status after SIGHUP" 0 "$status"

# A signal for a command that has just ended is lost, and its status is not.
# shellcheck disable=SC2016
ends='trap "" TERM; (setsid sleep 1010 &); read -r _ _ _ rudeproxy _ <"/proc/$PPID/stat"; kill -TERM "$rudeproxy"; exit 7'
for ((i = 0; i < 15; i++)); do
    run 7 -- bash -c "$ends"
done

# We are killed: everything goes.
rm -f "$RUDE_MARK".*
# shellcheck disable=SC2016
exec_start "$small" bash -c '(setsid sh -c "sleep 1007 & exec sleep 1008" &); sleep 1009 & touch "$RUDE_MARK.up"; wait'
eventually 20 test -e "$RUDE_MARK.up" || fail "the command did not start"
kill -KILL "$proxy_pid"
wait "$proxy_pid" 2>/dev/null || true
proxy_pid=
eventually 20 none_left || nothing_is_left "SIGKILL"

# So it does where the kernel, or the filter of a container, has no close_range(2).
without=(strace -f -qq -o /dev/null -e trace=close_range -e inject=close_range:error=ENOSYS)
if "${without[@]}" true 2>/dev/null; then
    rm -f "$RUDE_MARK".*
    # shellcheck disable=SC2016
    "${without[@]}" "$RUDEPROXY" exec -c "$small" -- bash -c 'touch "$RUDE_MARK.up"; exec sleep 1012' \
        </dev/null >/dev/null 2>"$work/proxy0.err" &
    proxy_pid=$!
    eventually 20 test -e "$RUDE_MARK.up" || fail "the command did not start"
    kill -KILL "$(tracee)"
    eventually 20 none_left || nothing_is_left "SIGKILL without close_range"
    wait "$proxy_pid" 2>/dev/null || true
    proxy_pid=
else
    note "not looked at: a kernel without close_range(2): strace cannot play it here"
fi

# So it does when our whole process group is killed.
rm -f "$RUDE_MARK".*
# shellcheck disable=SC2016
setsid "$RUDEPROXY" exec -c "$small" -- bash -c 'sleep 1011 & touch "$RUDE_MARK.up"; wait' </dev/null >/dev/null 2>"$work/proxy0.err" &
proxy_pid=$!
eventually 20 test -e "$RUDE_MARK.up" || fail "the command did not start"
kill -KILL -- "-$proxy_pid"
wait "$proxy_pid" 2>/dev/null || true
proxy_pid=
eventually 20 none_left || nothing_is_left "SIGKILL for the group"

# A parent that ignores SIGCHLD, as some do: its children inherit that, and the command does.
if env --ignore-signal=CHLD true 2>/dev/null; then
    expect 0 timeout -k 1 60 env --ignore-signal=CHLD "$RUDEPROXY" exec -c "$small" -- grep SigIgn /proc/self/status
    says "$work/out" '^SigIgn:.*[13579bdf]....$'
fi

# --- A terminal ---------------------------------------------------------------------------------

if command -v script >/dev/null; then
    cat >"$work/ask.sh" <<'ASK'
touch "$RUDE_MARK.asks"
read -r word
echo "answer $word"
touch "$RUDE_MARK.answered"
exit 6
ASK
    code=0
    { eventually 20 test -e "$RUDE_MARK.asks" && echo yes && eventually 20 test -e "$RUDE_MARK.answered"; } |
        script -qefc "$RUDEPROXY exec -c $small -- bash $work/ask.sh" "$work/typescript" >/dev/null || code=$?
    same "status on a terminal" 6 "$code"
    says "$work/typescript" 'answer yes'
fi

# --- Many at once -------------------------------------------------------------------------------

# one N - runs exec with its own number as the status.
one() {
    local code=0
    # shellcheck disable=SC2016
    "$RUDEPROXY" exec -c "$web.$1" -- bash -c '
        curl -q -sS --noproxy "*" --max-time 30 -o /dev/null "http://$RUDEPROXY_WEB_ADDR/bytes/100" || exit 255
        (setsid sleep 1010 &)
        exit "$1"' one "$1" </dev/null >/dev/null 2>"$work/one.$1" || code=$?
    [ "$code" -eq "$1" ] || { echo "exec $1: exit $code"; cat "$work/one.$1"; } >>"$work/wrong"
}

rounds=13
for ((round = 0; round < rounds; round++)); do
    jobs=()
    for ((i = 1; i <= 8; i++)); do
        number=$((round * 8 + i))
        sed "s|$work/local.sock|$work/local.$number|" "$web" >"$web.$number"
        one "$number" &
        jobs+=($!)
    done
    wait "${jobs[@]}"
done
[ ! -s "$work/wrong" ] || fail "of $((rounds * 8)) runs: $(head -n 40 "$work/wrong")"
nothing_is_left "$((rounds * 8)) runs"

# --- A network of its own -----------------------------------------------------------------------

cat >"$work/packets.ini" <<'INI'
[rudeproxy]
grace = 100ms

[proxy web]
listen   = 127.0.0.1:0
upstream = builtin:http

[fault lost]
type = packet_loss
side = client
connections = 2
must_fire = yes

[fault gone]
type = vanish
side = client
when = bytes:1k
connections = 3
must_fire = yes
INI
cp "$RUDEPROXY" "$work/rudeproxy" # where everybody may execute it
chmod 755 "$work/rudeproxy"
chmod 644 "$work/packets.ini"

# shellcheck disable=SC2016
private='
    get() { curl -q -sS --noproxy "*" --max-time 10 -o /dev/null "$@" "http://$RUDEPROXY_WEB_ADDR/bytes/20000000"; }
    [ "$(grep -vcE "Inter|face|lo:" /proc/net/dev)" -eq 0 ] || exit 90
    get --max-time 60 || exit 91
    # The second and the third one wait for their limit side by side.
    exec 3< <(get -v 2>&1)
    lost=$!
    while read -r line <&3 && [[ $line != *"Connected to"* ]]; do :; done
    code=0; get || code=$?; [ "$code" -ne 0 ] || exit 93
    code=0; wait "$lost" || code=$?; [ "$code" -eq 28 ] || exit 92'
private_pids=()
private_as() { # WHO CMD... - in the background
    local who=$1
    shift
    if ! "$@" unshare -Un true 2>/dev/null && ! "$@" unshare -n true 2>/dev/null; then
        note "not looked at: --private-network as $who: the kernel forbids namespaces here"
        return 0
    fi
    "$@" "$work/rudeproxy" exec -c "$work/packets.ini" --private-network -- bash -c "$private" \
        >"$work/private.$who" 2>&1 </dev/null &
    private_pids+=("$!")
}

private_as "$(id -un)"
if [ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null; then
    as_nobody=(setpriv --reuid nobody --regid "$(id -g nobody)" --clear-groups)
    private_as nobody "${as_nobody[@]}"
else
    as_nobody=()
fi
servers+=("${private_pids[@]}")
for pid in "${private_pids[@]}"; do
    status=0
    wait "$pid" || status=$?
    [ "$status" -eq 0 ] || fail "a private network: exit $status: $(cat "$work"/private.*)"
done

# Without the right: a clear error, and nothing starts.
if [ ${#as_nobody[@]} -gt 0 ] || [ "$(id -u)" -ne 0 ]; then
    expect 1 "${as_nobody[@]}" "$work/rudeproxy" exec -c "$work/packets.ini" -- touch "$work/started"
    says "$work/err" '\[fault (lost|gone)\].*CAP_NET_ADMIN.*--private-network'
    [ ! -e "$work/started" ] || fail "the command was started without the right"
fi
nothing_is_left "private networks"
