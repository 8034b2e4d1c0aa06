#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# rudeproxy exec --intercept: the command's connections are taken, and it sees no difference; as root and
# as an ordinary user.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
need curl

# Outside: an HTTP server on every address of the machine.
any=0.0.0.0
! have_ipv6 || any='[::]'
proxy_start <<INI
[proxy web]
listen   = $any:0
upstream = builtin:http
INI
port=$(proxy_port web)
other=$(unused_port)

export RUDE_MARK=$work/mark
cp "$RUDEPROXY" "$work/rudeproxy" # where everybody may execute it
chmod 777 "$work" && chmod 755 "$work/rudeproxy"
export PATH=/usr/sbin:/usr/bin:/sbin:/bin # not what only root may search

as=()
# intercept CODES ARGS... -- CMD ARGS... - its log is in $work/log, one JSON object a line
intercept() {
    local codes=$1
    shift
    : >"$work/log"
    chmod 666 "$work/log"
    rm -f "$work/report.json"
    expect "$codes" "${as[@]}" "$work/rudeproxy" exec --seed 1 --log "$work/log" --log-format json "$@"
}

get=(curl -q -sS --noproxy '*' --max-time 20)

# --- what every user can do ---

unchanged() {
    expect 0 "${get[@]}" "http://127.0.0.1:$port/bytes/300000"
    local direct
    direct=$(md5sum <"$work/out")
    intercept 0 --intercept "$port" -- "${get[@]}" "http://127.0.0.1:$port/bytes/300000"
    same "the body through an intercepted connection" "$direct" "$(md5sum <"$work/out")"
    says "$work/log" '"event":"open","proxy":"\*:'"$port"'","connection":1,.*"server":"127.0.0.1:'"$port"'"'
    intercept 0 --intercept "$port" -- "${get[@]}" -o /dev/null -w '%{remote_ip} %{remote_port}' "http://localhost:$port/"
    same "what curl dialled" "127.0.0.1 $port" "$(cat "$work/out")"
    intercept 7 --intercept "$port" -- bash -c 'exit 7'
    # Our own sockets in its network take no ephemeral port.
    intercept 0 --intercept 80 -- bash -c 'cat /proc/net/tcp /proc/net/tcp6'
    local ours own
    ours=$(awk '$4 == "0A" { sub(/.*:/, "", $2); print $2 }' "$work/out")
    [ -n "$ours" ] || fail "rudeproxy listens nowhere in the command's network"
    for own in $ours; do
        [ $((16#$own)) -le 32767 ] || [ $((16#$own)) -ge 61000 ] || fail "rudeproxy listens at port $((16#$own))"
    done
    intercept 0 --intercept "$port" --verbose -- true
    says "$work/err" '^rudeproxy: interception by .* namespace; other ports: all$'
    intercept 127 --intercept "$port" -- /no/such/command
}

faults_happen() {
    intercept 56 --intercept "$port" --fault 'type=reset when=bytes:1k must_fire=yes' -- \
        "${get[@]}" -o /dev/null "http://127.0.0.1:$port/bytes/300000"
    says "$work/log" '"event":"fault",.*"offset":1024'
    intercept 7 --intercept "$port" --fault 'type=refuse' -- "${get[@]}" "http://127.0.0.1:$port/"
}

# silent FAULT [HOST:] - starts a download in the background that the fault leaves without an answer.
silent() {
    local log=$work/silent.$((++silent_count)).log
    : >"$log"
    chmod 666 "$log"
    "${as[@]}" "$work/rudeproxy" exec -c "$work/silent.ini" --log "$log" --log-format json --intercept "${2-}$port" \
        --fault "$1" -- "${get[@]}" --max-time 10 -o /dev/null "http://${2-127.0.0.1:}$port/bytes/30000000" \
        >"${log%.log}.out" 2>"${log%.log}.err" </dev/null &
    silent_pids+=("$!")
    servers+=("$!")
}

# Each lasts until curl's limit: they go on beside the rest.
silent_begin() {
    silent_count=0 silent_pids=()
    printf '[rudeproxy]\ngrace = 100ms\n' >"$work/silent.ini"
    silent 'type=syn_blackhole'
    silent 'type=packet_loss side=client when=bytes:1k'
    silent 'type=vanish side=client when=bytes:1k'
    silent 'type=no_accept' 127.0.0.2:
    silent 'type=syn_blackhole' 127.0.0.2:
}

silent_end() {
    local i status
    for ((i = 1; i <= silent_count; i++)); do
        status=0
        wait "${silent_pids[i - 1]}" || status=$?
        same "the status of silent download $i: $(cat "$work/silent.$i.err")" 28 "$status"
        says "$work/silent.$i.log" '"event":"fault"'
    done
}

any_address() {
    intercept 0 --intercept 80 --upstream builtin:http -- \
        "${get[@]}" -o /dev/null -w '%{remote_ip} %{remote_port} %{http_code}' "http://203.0.113.7/"
    same "an address that only the command's network has" "203.0.113.7 80 200" "$(cat "$work/out")"
    says "$work/log" '"server":"203.0.113.7:80"'
    have_ipv6 || return 0
    intercept 0 --intercept 80 --upstream builtin:http -- \
        "${get[@]}" -o /dev/null -w '%{remote_ip} %{http_code}' "http://[2001:db8::7]/"
    same "an address of IPv6" "2001:db8::7 200" "$(cat "$work/out")"
    intercept 0 --intercept "$port" -- "${get[@]}" -o /dev/null "http://[::1]:$port/"
    says "$work/log" '"server":"\[::1\]:'"$port"'"'
}

# Other hosts on an intercepted port pass without a fault and without a record.
one_host() {
    local file=$work/one.ini
    printf '[proxy one]\nintercept = 127.0.0.2:%s\n[fault no]\ntype = reset\nwhen = bytes:10\n' "$port" >"$file"
    intercept 56 -c "$file" -- "${get[@]}" "http://127.0.0.2:$port/"
    intercept 0 -c "$file" -- "${get[@]}" "http://127.0.0.1:$port/"
    if grep -q '"event":"open"' "$work/log"; then fail "a passed connection left a record: $(cat "$work/log")"; fi
    # By name: localhost is 127.0.0.1 and ::1, and not 127.0.0.2.
    intercept 56 --intercept "localhost:$port" --fault 'type=reset when=bytes:10' -- "${get[@]}" "http://127.0.0.1:$port/"
    says "$work/log" '"proxy":"localhost:'"$port"'"'
    intercept 0 --intercept "localhost:$port" --fault 'type=reset when=bytes:10' -- "${get[@]}" "http://127.0.0.2:$port/"
}

# A fault of the listening socket meets the hosts that the proxy intercepts, and no other host of the port.
one_host_refused() {
    local fault host file=$work/two.ini
    for host in 127.0.0.2 127.0.0.2/31; do
        intercept 7 --intercept "$host:$port" --fault type=refuse -- "${get[@]}" "http://127.0.0.2:$port/"
        intercept 0 --intercept "$host:$port" --fault type=refuse -- "${get[@]}" "http://127.0.0.1:$port/"
    done
    intercept 7 --intercept "localhost:$port" --fault type=refuse -- "${get[@]}" "http://127.0.0.1:$port/"
    intercept 0 --intercept "localhost:$port" --fault type=refuse -- "${get[@]}" "http://127.0.0.2:$port/"
    for fault in no_accept syn_blackhole; do
        intercept 0 --intercept "127.0.0.2:$port" --fault "type=$fault" -- "${get[@]}" "http://127.0.0.1:$port/"
    done
    if have_ipv6; then
        intercept 7 --intercept "[::1]:$port" --fault type=refuse -- "${get[@]}" "http://[::1]:$port/"
        intercept 0 --intercept "[::1]:$port" --fault type=refuse -- "${get[@]}" "http://127.0.0.1:$port/"
        intercept 7 --intercept "localhost:$port" --fault type=refuse -- "${get[@]}" "http://[::1]:$port/"
    fi
    # The next proxy that has the port takes the other hosts.
    printf '[proxy one]\nintercept = 127.0.0.2:%s\n[fault no]\nproxy = one\ntype = refuse\n[proxy rest]\nintercept = %s\n' \
        "$port" "$port" >"$file"
    intercept 7 -c "$file" -- "${get[@]}" "http://127.0.0.2:$port/"
    intercept 0 -c "$file" -- "${get[@]}" "http://127.0.0.1:$port/"
    says "$work/log" '"event":"open","proxy":"rest"'
    # Other hosts of the port pass, whatever --pass says of other ports.
    intercept 0 --intercept "127.0.0.2:$port" --pass none -- "${get[@]}" "http://127.0.0.1:$port/"
}

# A proxy that the API adds, changes and removes while the command runs. Another `intercept` leaves its connections open.
proxies_of_api() {
    local api=127.0.0.1:$other
    # shellcheck disable=SC2016
    intercept 0 --intercept 1 --pass none --admin "$api" -- bash -c '
        set -e
        call() { curl -q -sS --noproxy "*" --fail-with-body -X "$1" -d "$3" "http://$api/v1/proxies$2"; echo; }
        ask() { curl -q -s --noproxy "*" --max-time 20 -o /dev/null "$@" && code=0 || code=$?; }
        talk() {
            printf "GET /bytes/0 HTTP/1.1\r\n\r\n" >&3
            while read -r -t 20 line <&3; do [ -n "${line%?}" ] || return 0; done
            echo "the open connection has no answer"; exit 1
        }
        listed() { curl -q -sS --noproxy "*" "http://$api$1" | grep -F "$2" || { echo "$1 has no $2"; exit 1; }; }
        api=$1
        call POST "" "{\"name\": \"late\", \"intercept\": \"80\", \"upstream\": \"builtin:http\"}"
        ask http://203.0.113.7/ && [ "$code" = 0 ]
        ask http://203.0.113.7:81/ && [ "$code" = 7 ]
        exec 3<>/dev/tcp/203.0.113.7/80
        talk
        call PATCH /late "{\"intercept\": \"203.0.113.7:81\"}"
        ask http://203.0.113.7:81/ && [ "$code" = 0 ]
        ask http://203.0.113.7/ && [ "$code" = 7 ]
        talk
        exec 3>&-
        listed /proxies/late "\"listen\":\"203.0.113.7:81\""
        listed /metrics "listener=\"203.0.113.7:81\""
        call DELETE /late ""
        ask http://203.0.113.7:81/ && [ "$code" = 7 ]' sh "$api"
    says "$work/log" '"event":"open","proxy":"late",.*"server":"203.0.113.7:81"'
    says "$work/log" '"event":"listening","proxy":"late","address":"203.0.113.7:81"'
}

# A file that intercepts another port when it is read again: the proxy stays, and counts on.
reloaded() {
    local api=127.0.0.1:$other file=$work/reloaded.ini
    printf '[proxy late]\nintercept = 80\nupstream = builtin:http\n' >"$file"
    chmod 666 "$file"
    # shellcheck disable=SC2016
    intercept 0 -c "$file" --pass none --admin "$api" -- bash -c '
        set -e
        ask() { curl -q -s --noproxy "*" --max-time 20 -o /dev/null "$@" && code=0 || code=$?; }
        ask http://203.0.113.7/ && [ "$code" = 0 ]
        printf "[proxy late]\nintercept = 81\nupstream = builtin:http\n" >"$2"
        ask -f -X POST "http://$1/v1/reload" && [ "$code" = 0 ]
        ask http://203.0.113.7:81/ && [ "$code" = 0 ]
        ask http://203.0.113.7/ && [ "$code" = 7 ]' sh "$api" "$file"
    says "$work/log" '"event":"open","proxy":"late","connection":2,.*"server":"203.0.113.7:81"'
}

# What takes the other connections is no proxy of the API.
inner_proxies() {
    local api=127.0.0.1:$other
    # shellcheck disable=SC2016
    intercept 0 --intercept 1 --admin "$api" -- bash -c '
        status() { curl -q -s --noproxy "*" -o /dev/null -w "%{http_code}" -X "$1" -d "$3" "http://$api$2"; }
        refused() { got=$(status "$@"); [ "$got" = 404 ] || { echo "$* gives $got"; exit 1; }; }
        api=$1
        for name in "(passed)" "(dns)"; do
            refused GET "/v1/proxies/$name" ""
            refused PATCH "/v1/proxies/$name" "{\"enabled\": false}"
            refused POST "/v1/proxies/$name/faults" "{\"type\": \"reset\"}"
            refused DELETE "/v1/proxies/$name" ""
            refused DELETE "/proxies/$name" ""
        done
        got=$(status POST /v1/proxies "{\"name\": \"(passed)\", \"listen\": \"127.0.0.1:0\", \"upstream\": \"builtin:http\"}")
        [ "$got" = 409 ] || { echo "a second (passed): $got"; exit 1; }
        curl -q -sS --noproxy "*" --max-time 20 -o /dev/null "$2"' sh "$api" "http://127.0.0.1:$port/"
}

# A fault is limited to destinations; record, report and summary say what was dialled.
destinations() {
    # shellcheck disable=SC2016
    intercept 56 --intercept 80-81 --upstream builtin:http --report "$work/report.json" \
        --fault 'type=reset when=bytes:10 destinations=10.1.0.0/16 must_fire=yes' \
        --fault 'type=reset when=bytes:10 destinations=localhost must_fire=yes' \
        --fault 'type=reset when=bytes:10 destinations=*:81 must_fire=yes' -- bash -c '
            get() { curl -q -s --noproxy "*" --max-time 20 -o /dev/null "http://$1/bytes/1000"; }
            get 10.2.0.1 || exit 90
            get 10.1.0.1 && exit 91
            get 127.0.0.1 && exit 92
            get 10.2.0.1:81'
    says "$work/log" '"event":"closed",.*"connection":2,.*"destination":"10.1.0.1:80"'
    says "$work/report.json" '"address": *"10.2.0.1:81"'
    says "$work/err" '^  to 127.0.0.1:80: 1$'
    # Also where nothing was dialled.
    intercept 7\|52\|55\|56 --intercept 80 --fault 'type=reset when=accept must_fire=yes' -- "${get[@]}" http://10.9.8.7/
    says "$work/log" '"event":"closed",.*"destination":"10.9.8.7:80"'
}

passing() {
    intercept 0 --intercept "$other" -- "${get[@]}" -o /dev/null "http://127.0.0.1:$port/"
    if grep -q '"event":"open"' "$work/log"; then fail "a passed connection left a record: $(cat "$work/log")"; fi
    intercept 7 --intercept "$other" --pass none -- "${get[@]}" "http://127.0.0.1:$port/"
    says "$work/err" "refused the command: 127.0.0.1:$port .*--pass $port\$"
    intercept 0 --intercept "$other" --pass "1-10,$port" -- "${get[@]}" -o /dev/null "http://127.0.0.1:$port/"
    if grep -q 'refused the command' "$work/err"; then fail "a passed port was refused: $(cat "$work/err")"; fi
    intercept 2 --intercept "$other" --pass some -- true
    says "$work/err" "write ports such as"
    expect 2 "${as[@]}" "$work/rudeproxy" exec --listen 127.0.0.1:0 --upstream builtin:echo --pass all -- true
}

# Where nobody listens, here or there, a connection is refused at once: what waits for a server of its own
# finds it when it is there, also on a port that is intercepted or that would pass.
own_servers() {
    # shellcheck disable=SC2016
    local script='
        address=127.0.0.1:$1
        for i in 1 2 3 4 5; do # a RST that follows at once looks the same now and then
            code=0; curl -q -sS --noproxy "*" "http://$address/" || code=$?; [ "$code" = 7 ] || exit 90
        done
        "$2" --listen "$3:$1" --upstream builtin:http --log none 2>/dev/null &
        server=$!
        for ((i = 0; i < 400; i++)); do
            code=0; curl -q -s --noproxy "*" --max-time 20 -o /dev/null "http://$address/bytes/999" || code=$?
            [ "$code" -eq 7 ] || break
            sleep 0.05
        done
        kill "$server"; wait "$server"
        exit "$code"'
    local listen
    for listen in 127.0.0.1 0.0.0.0; do
        intercept 0 --intercept 1 --fault 'type=reset when=bytes:10' -- bash -c "$script" sh "$other" "$work/rudeproxy" "$listen"
        intercept 0 --intercept "$other" --fault 'type=refuse' -- bash -c "$script" sh "$other" "$work/rudeproxy" "$listen"
        # Also a port of the list that passes, and one of which another host is intercepted.
        intercept 0 --intercept 1 --pass "$other" -- bash -c "$script" sh "$other" "$work/rudeproxy" "$listen"
        intercept 0 --intercept "127.0.0.2:$other" --pass none -- bash -c "$script" sh "$other" "$work/rudeproxy" "$listen"
        intercept 0 --intercept 1 --pass none -- bash -c "$script" sh "$other" "$work/rudeproxy" "$listen"
        if grep -q 'refused the command' "$work/err"; then fail "a server of its own was refused: $(cat "$work/err")"; fi
    done
}

# Proxies that listen and the API are reached at their addresses, from inside.
listeners_too() {
    local file=$work/both.ini
    printf '[proxy both]\nlisten = 127.0.0.1:0\nupstream = builtin:http\n[proxy taken]\nintercept = %s\n' "$port" >"$file"
    # shellcheck disable=SC2016
    intercept 0 -c "$file" --pass none -- bash -c '
        curl -q -sS --noproxy "*" -o /dev/null "http://$RUDEPROXY_BOTH_ADDR/" && [ -z "${RUDEPROXY_TAKEN_ADDR-}" ]'
    says "$work/log" '"event":"open","proxy":"both"'
}

# The connections of every run are taken, and no place is missed.
swept() {
    local sweep=("${as[@]}" "$work/rudeproxy" sweep --intercept "$port" --budget 6 --jobs 2 --sweep-fault reset)
    local command=("${get[@]}" -o /dev/null "http://127.0.0.1:$port/bytes/2000")
    expect 0\|4 "${sweep[@]}" --dir "$work/swept" --report "$work/sweep.json" -- "${command[@]}"
    says "$work/out" "\*:$port#1 .*reset"
    expect 1 "${sweep[@]}" --resume "$work/swept" --pass none -- "${command[@]}"
    says "$work/err" 'of a sweep with other options'
    rm -rf "$work/sweep.json" "$work/swept"
}

everything() {
    silent_begin
    unchanged
    faults_happen
    any_address
    one_host
    one_host_refused
    proxies_of_api
    reloaded
    inner_proxies
    destinations
    passing
    own_servers
    listeners_too
    swept
    silent_end
    same "processes left" "" "$(marked_processes)"
}

users=("$(id -un)")
[ "$(id -u)" -ne 0 ] || ! command -v setpriv >/dev/null || users+=(nobody)
for user in "${users[@]}"; do
    [ "$user" != nobody ] || as=(setpriv --reuid 65534 --regid 65534 --clear-groups)
    if ! "${as[@]}" unshare -Un true 2>/dev/null && ! "${as[@]}" unshare -n true 2>/dev/null; then
        note "not looked at: --intercept as $user: the kernel forbids namespaces here"
        continue
    fi
    note "as $user"
    everything
done

# --- many runs ---

# No process, file or mount stays. A user namespace that may have 20 namespaces of a kind at a time shows that
# none of 24 stays; the kernel takes a while to end one.
as=()
cat >"$work/many" <<'MANY'
cd "$1"
shift
run() { TMPDIR=$PWD/temporary "$@" ./rudeproxy exec --intercept 80 --log none -- true >/dev/null 2>many.err; }
mkdir temporary
cat /proc/self/mountinfo >mounts
for ((i = 0; i < 24; i++)); do
    end=$((SECONDS + 30))
    until run "$@"; do
        [ "$SECONDS" -lt "$end" ] || { cat many.err; exit 1; }
        sleep 0.1
    done
done
# A mount of another test's may have gone meanwhile: its folder was removed outside.
rmdir temporary && ! grep -vxFf mounts /proc/self/mountinfo
MANY
if unshare -Urm true 2>/dev/null; then
    # shellcheck disable=SC2016
    limited='echo 20 >/proc/sys/user/max_net_namespaces; echo 20 >/proc/sys/user/max_user_namespaces; exec bash "$@"'
    expect 0 unshare -Urm bash -c "$limited" sh "$work/many" "$work"
    # Who is root without CAP_SYS_ADMIN makes a user namespace too, as every other user does.
    ! command -v setpriv >/dev/null ||
        expect 0 unshare -Urm bash -c "$limited" sh "$work/many" "$work" setpriv --bounding-set=-sys_admin
else
    expect 0 bash "$work/many" "$work"
fi
same "processes left" "" "$(marked_processes)"
if [ "$(id -u)" -eq 0 ]; then
    mkfifo "$work/killed"
    # shellcheck disable=SC2016
    "$work/rudeproxy" exec --intercept "$other" --log none -- bash -c 'echo >"$1"; sleep 1000' sh "$work/killed" \
        >/dev/null 2>&1 &
    victim=$!
    read -r -t 60 _ <>"$work/killed" || fail "the command does not start"
    kill -KILL "$victim"
    wait "$victim" 2>/dev/null || true
    nothing_left() { [ -z "$(marked_processes)" ]; }
    eventually 20 nothing_left || fail "left after SIGKILL: $(marked_processes)"
fi

# --- what forbids it ---

expect 2 "$work/rudeproxy" run --intercept 80
says "$work/err" 'only exec'
printf '[proxy x]\nintercept = 80\nlisten = 127.0.0.1:0\nunreachable = refuse\n' >"$work/x.ini"
expect 2 "$work/rudeproxy" check -c "$work/x.ini"
says "$work/err" 'x.ini:3: \[proxy x\] listen: is used together with intercept'
says "$work/err" 'x.ini:4: \[proxy x\] unreachable: .* write upstream'
expect 2 "$work/rudeproxy" exec --intercept 80 --private-network -- true
if [ "$(id -u)" -eq 0 ] && id nobody >/dev/null 2>&1; then
    for command in exec sweep; do
        printf '[rudeproxy]\nuser = nobody\n[proxy x]\nintercept = 80\n' >"$work/x.ini"
        expect 2 "$work/rudeproxy" "$command" -c "$work/x.ini" -- true
        says "$work/err" '^rudeproxy: user = nobody: that user may not enter .*: leave user out'
    done
fi
# What check prints is a file that means the same.
expect 0 "$work/rudeproxy" check --intercept 5432 --intercept db.example.com:443 --intercept '[::1]:80-90' --intercept 1,2
cp "$work/out" "$work/printed.ini"
expect 0 "$work/rudeproxy" check -c "$work/printed.ini"
same "the printed file" "$(cat "$work/printed.ini")" "$(cat "$work/out")"
printf '[proxy x]\nintercept = 80\n' >"$work/x.ini"
expect 1 "$work/rudeproxy" run -c "$work/x.ini"
says "$work/err" 'only exec'
if [ "$(id -u)" -eq 0 ] && unshare -Ur true 2>/dev/null; then
    # shellcheck disable=SC2016
    expect 1 unshare -Ur bash -c 'echo 0 >/proc/sys/user/max_net_namespaces; exec "$@"' sh \
        "$work/rudeproxy" exec --intercept 80 -- true
    says "$work/err" 'max_net_namespaces'
fi
proxy_stop
