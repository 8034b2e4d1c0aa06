# SPDX-License-Identifier: MIT
# The launcher for the shell, under bats. LAUNCHER: the file.

setup() {
    # shellcheck source=/dev/null
    source "$LAUNCHER"
    rudeproxy_start
}

teardown() {
    rudeproxy_stop
}

@test "every call" {
    rudeproxy_add_proxy web builtin:http
    [ "$(rudeproxy_address_of web)" = "$rudeproxy_address" ]
    rudeproxy_add_fault web type=reset when=bytes:1k --name cut
    run curl -q -sS --noproxy '*' -o /dev/null "http://$rudeproxy_address/bytes/100k"
    [ "$status" -eq 56 ]
    [ "$(rudeproxy_fired cut)" -eq 1 ]
    rudeproxy_remove_fault web cut
    curl -q -sS --noproxy '*' -o /dev/null "http://$rudeproxy_address/bytes/100k"
    rudeproxy_events | grep '"event":"fault"'
    rudeproxy_report | grep '"connections": 2'
}
