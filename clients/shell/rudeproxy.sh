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

# rudeproxy_start [ARGS...] - starts `rudeproxy serve ARGS`; sets rudeproxy_pid and rudeproxy_api. If the variable
# rudeproxy_config is set, it names the INI file that is read.
rudeproxy_start() {
    local ready
    ready=$(mktemp -d) || return
    # Variables such as RUDEPROXY_CONFIG are for other programs. The descriptors of bats (3 and higher) stay with bats.
    (
        # shellcheck disable=SC2046 # a word for each variable
        unset $(compgen -e RUDEPROXY_)
        [ -z "${rudeproxy_config:-}" ] || export RUDEPROXY_CONFIG="$rudeproxy_config"
        exec "${RUDEPROXY:-rudeproxy}" serve -host 127.0.0.1 -port 0 --die-with-parent --quiet --log none \
            --ready-file "$ready/ready" "$@"
    ) </dev/null 3>&- 4>&- &
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
    # shellcheck disable=SC2016 # for awk
    rudeproxy_ctl list | rudeproxy_rows "$1" 1 '{ print $2 }'
}

# rudeproxy_rows NAME COLUMN ACTIONS - runs ACTIONS of awk for the rows of ctl with this name in this column. ctl quotes a name
# that has blanks.
rudeproxy_rows() {
    rudeproxy_name=$1 awk -F '\t' -v column="$2" '
        function quoted(name) { gsub(/["\\]/, "\\\\&", name); return "\"" name "\"" }
        $column != ENVIRON["rudeproxy_name"] && $column != quoted(ENVIRON["rudeproxy_name"]) { next }
        '"$3"
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
    # A fault of the file has one count, which each of its proxies has.
    # shellcheck disable=SC2016 # for awk
    rudeproxy_ctl fault list |
        rudeproxy_rows "$1" 2 '$4 == "file" { of_file = $7; next } { count += $7 } END { print count + of_file }'
}

# rudeproxy_events - prints the last events, one JSON object a line, oldest first.
rudeproxy_events() {
    rudeproxy_ctl events
}

# rudeproxy_report - prints what the run has come to so far, as JSON.
rudeproxy_report() {
    rudeproxy_ctl report
}

# rudeproxy_stop - stops it; its exit status. Open connections are reset after half a second.
rudeproxy_stop() {
    [ -n "$rudeproxy_pid" ] || return 0
    local pid=$rudeproxy_pid naps=0
    rudeproxy_pid=
    kill "$pid" 2>/dev/null || true
    while kill -0 "$pid" 2>/dev/null; do
        sleep 0.02
        naps=$((naps + 1))
        [ $((naps % 25)) -gt 0 ] || kill "$pid" 2>/dev/null || true # the second signal ends the wait for connections
    done
    wait "$pid"
}
