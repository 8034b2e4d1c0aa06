# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# Starts rudeproxy for a test and drives it by `rudeproxy ctl`. One file without dependencies beside bash: copy it into
# your tests. With bats:
#
#   setup()    { source rudeproxy.sh; rudeproxy_start; }
#   teardown() { rudeproxy_stop; }
#   @test "the client tries again" {
#       rudeproxy_add_proxy db 127.0.0.1:5432           # sets rudeproxy_address
#       rudeproxy_add_fault db type=reset when=bytes:1k name=cut
#       ./client "$rudeproxy_address"
#       [ "$(rudeproxy_fired cut)" -eq 1 ]
#   }
#
# Call rudeproxy_start and rudeproxy_add_proxy in the shell itself, not in $( ): the process ends with the shell that
# started it, however that ends. RUDEPROXY is the program, default: `rudeproxy` on the PATH.

rudeproxy_pid=
rudeproxy_api=

# rudeproxy_start [ARGS...] - starts `rudeproxy serve ARGS`; sets rudeproxy_pid and rudeproxy_api.
rudeproxy_start() {
    local ready
    ready=$(mktemp -d) || return
    # The descriptors of bats (3 and higher) stay with bats.
    "${RUDEPROXY:-rudeproxy}" serve -host 127.0.0.1 -port 0 --die-with-parent --quiet --log none \
        --ready-file "$ready/ready" "$@" </dev/null 3>&- 4>&- &
    rudeproxy_pid=$!
    until [ -e "$ready/ready" ]; do
        if ! kill -0 "$rudeproxy_pid" 2>/dev/null; then
            rm -rf "$ready"
            echo "rudeproxy does not start" >&2
            return 1
        fi
        sleep 0.02
    done
    rudeproxy_api=$(sed -n 's/^@admin //p' "$ready/ready")
    rm -rf "$ready"
}

# rudeproxy_ctl WORDS... - a command of `rudeproxy ctl`.
rudeproxy_ctl() {
    "${RUDEPROXY:-rudeproxy}" ctl --host "http://$rudeproxy_api" "$@"
}

# rudeproxy_add_proxy NAME UPSTREAM - a proxy on a free port; sets rudeproxy_address.
rudeproxy_add_proxy() {
    rudeproxy_ctl create -l 127.0.0.1:0 -u "$2" "$1" >/dev/null || return
    # shellcheck disable=SC2034 # for the test
    rudeproxy_address=$(rudeproxy_address_of "$1")
}

# rudeproxy_address_of NAME - prints where the proxy listens.
rudeproxy_address_of() {
    rudeproxy_ctl list | awk -F '\t' -v name="$1" '$1 == name { print $2 }'
}

# rudeproxy_add_fault PROXY KEY=VALUE... - a fault with the keys of a [fault] section, for open connections too.
rudeproxy_add_fault() {
    rudeproxy_ctl fault add "$@" >/dev/null
}

# rudeproxy_remove_fault PROXY NAME
rudeproxy_remove_fault() {
    rudeproxy_ctl fault remove "$1" "$2" >/dev/null
}

# rudeproxy_fired NAME - prints in how many connections the fault has fired, over all proxies that have one of this name.
rudeproxy_fired() {
    rudeproxy_ctl fault list | awk -F '\t' -v name="$1" '$2 == name { count += $7 } END { print count + 0 }'
}

# rudeproxy_events - prints the last events, one JSON object a line, oldest first.
rudeproxy_events() {
    rudeproxy_ctl events
}

# rudeproxy_report - prints what the run has come to so far, as JSON.
rudeproxy_report() {
    rudeproxy_ctl report
}

# rudeproxy_stop - stops it; its exit status.
rudeproxy_stop() {
    [ -n "$rudeproxy_pid" ] || return 0
    local pid=$rudeproxy_pid
    rudeproxy_pid=
    kill "$pid" 2>/dev/null || true
    wait "$pid"
}
