#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# What the API changes while it runs is in the report, the summary and the exit status.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
need curl

config() {
    cat <<'INI'
[proxy web]
listen   = 127.0.0.1:0
upstream = builtin:echo

[fault far]
proxy     = web
type      = reset
when      = bytes:1G
must_fire = yes
INI
}

ctl() {
    expect 0 "$RUDEPROXY" ctl --host "http://$api" "$@"
}

# ends_with STATUS - the program's, at SIGTERM.
ends_with() {
    local status=0 pid=$proxy_pid
    proxy_pid=
    end_process "$pid" TERM || status=$?
    same "exit status" "$1" "$status"
}

# fault_of NAME KEY - from the report that the API gives now.
fault_of() {
    call 200 GET /v1/report
    python3 -c 'import json, sys
faults = {fault["name"]: fault for fault in json.load(open(sys.argv[1]))["faults"]}
print(faults[sys.argv[2]][sys.argv[3]])' "$work/answer" "$1" "$2"
}

# Disabled by the API: it need not fire. Of a proxy of the API the summary names the upstream.
api_start < <(config)
ctl fault disable web far
ctl create -l 127.0.0.1:0 -u "unix:$work/nobody" late
if command -v python3 >/dev/null; then
    same "enabled of far" False "$(fault_of far enabled)"
    same "failed of far" False "$(fault_of far failed)"
fi
eventually 20 grep -q '"listening","proxy":"late"' "$proxy_log" || fail "late does not listen: $(cat "$proxy_log")"
late=$(sed -nE 's/.*"listening","proxy":"late","address":"([^"]*)".*/\1/p' "$proxy_log")
web -o /dev/null "http://$late/" 2>"$work/err" && fail "late has no upstream, and answers"
ends_with 0
says "$proxy_err" "could not reach unix:$work/nobody"

# Whether anybody reads the report in between makes no difference.
read_report() {
    [ "$1" = unread ] || call 200 GET /v1/report
}

just_web() {
    printf '[proxy web]\nlisten = 127.0.0.1:0\nupstream = builtin:echo\n'
}

for how in read unread; do
    # Deleted by the API, as test suites do at their end: it had to fire.
    api_start < <(config)
    read_report "$how"
    ctl fault remove web far
    read_report "$how"
    ends_with 3

    # Disabled when it was deleted.
    api_start < <(config)
    ctl fault disable web far
    read_report "$how"
    ctl fault remove web far
    ends_with 0

    # Added by the API.
    api_start < <(just_web)
    ctl fault add web 'type=reset when=bytes:1G' must_fire=yes --name added
    read_report "$how"
    ends_with 3
    says "$proxy_err" 'added'

    # Added and deleted by the API.
    api_start < <(just_web)
    ctl fault add web 'type=reset when=bytes:1G' must_fire=yes --name added
    read_report "$how"
    ctl fault remove web added
    ends_with 3
    says "$proxy_err" 'added'
done

api_start < <(just_web)
ctl fault add web 'type=reset when=bytes:1G' must_fire=yes --name added
if command -v python3 >/dev/null; then
    same "must_fire of added" True "$(fault_of added must_fire)"
fi
ends_with 3

# A fault that the API has removed still had to fire, whatever is loaded behind that: the same file, or one without the fault.
live=$work/live.ini
for names_it in yes no; do
    {
        printf '[rudeproxy]\nadmin = unix:%s\n' "$work/live.api"
        config
        config | sed -n '/^.fault/,$p' | sed 's/far/dropped/'
    } >"$live"
    rm -f "$proxy_ready"
    proxy_spawn run -c "$live"
    expect 0 "$RUDEPROXY" ctl --host "unix:$work/live.api" fault remove web far
    [ "$names_it" = yes ] || sed -i '/^.fault/,$d' "$live"
    expect 0 "$RUDEPROXY" ctl --host "unix:$work/live.api" reload
    ends_with 3
    says "$proxy_err" "fault far never fired"
    [ "$names_it" = "$(grep -qF 'fault dropped never fired' "$proxy_err" && echo yes || echo no)" ] ||
        fail "the fault that the file $names_it names: $(cat "$proxy_err")"
done
