# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# What the reports share. Each script of this folder is one public bug report: it starts real programs, puts the
# faults in front of the server and expects the words that were reported. Its head has the columns of docs/REPORTS.md.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../e2e/lib.sh"

# in_front_of PORT PROTOCOL <FAULTS - a proxy before a server of ours. Sets address and port.
# The faults are said in at most six lines, and none counts bytes.
in_front_of() {
    local faults
    faults=$(cat)
    [ "$(grep -c . <<<"$faults")" -le 6 ] || fail "more than six lines: $faults"
    ! grep -qE 'bytes:|"#?[0-9]*\+[0-9]|message:[^ ]*\+[0-9]' <<<"$faults" || fail "counts bytes: $faults"
    proxy_start <<INI
[proxy report]
listen = 127.0.0.1:0
upstream = 127.0.0.1:$1
protocol = $2

$faults
INI
    address=$(proxy_address report)
    # shellcheck disable=SC2034 # for the reports
    port=${address##*:}
}

# fault_fired - stops the proxy; a fault must have fired.
fault_fired() {
    proxy_stop
    grep -q '"event": *"fault"' "$proxy_log" || fail "no fault fired: $(head -n 20 "$proxy_log")"
}

# reproduce FUNCTION - calls it ROUNDS times; the first failure ends the script.
reproduce() {
    local rounds=${ROUNDS:-1}
    for ((round = 1; round <= rounds; round++)); do
        note "run $round of $rounds"
        "$1"
    done
    note "reproduced $rounds/$rounds"
}

# need_python MODULE... - sets python: Debian's, which has the modules, or skips.
need_python() {
    python=/usr/bin/python3
    [ -x "$python" ] || skip "$python is not installed"
    local module
    for module in "$@"; do
        "$python" -W ignore -c "import $module" 2>/dev/null || skip "python3-$module is not installed"
    done
}

# prints PATTERN CMD... - CMD exits with 0 and its output has a line that matches PATTERN.
prints() {
    local pattern=$1
    shift
    expect 0 timeout 60 "$@"
    says "$work/out" "$pattern"
}

# certificate_make - $work/cert and $work/key, for localhost.
certificate_make() {
    need openssl
    openssl req -x509 -newkey rsa:2048 -nodes -keyout "$work/key" -out "$work/cert" -days 9 -subj /CN=localhost \
        2>"$work/openssl.err" || fail "openssl req: $(cat "$work/openssl.err")"
}

# port_open PORT - somebody listens there.
port_open() {
    (: </dev/tcp/127.0.0.1/"$1") 2>/dev/null
}

# server_start PORT CMD... - a server that listens on PORT; for the functions that on_free_port calls.
server_start() {
    local on=$1
    shift
    "$@" >"$work/$on.server" 2>&1 </dev/null &
    servers+=("$!")
    await_server "$!" port_open "$on"
}

# story_make FILE - a large file that does not compress, with the line "the middle" in its middle.
story_make() {
    {
        head -c 3000000 /dev/urandom
        printf '\nthe middle\n'
        head -c 3000000 /dev/urandom
    } >"$1"
}
