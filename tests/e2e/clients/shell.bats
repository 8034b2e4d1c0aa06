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

@test "names with blanks" {
    rudeproxy_add_proxy "with a blank" builtin:http
    [ -n "$rudeproxy_address" ]
    rudeproxy_add_fault "with a blank" type=reset when=bytes:1k --name "to \"cut\""
    run curl -q -sS --noproxy '*' -o /dev/null "http://$rudeproxy_address/bytes/100k"
    [ "$status" -eq 56 ]
    [ "$(rudeproxy_fired 'to "cut"')" -eq 1 ]
}

@test "a file with two proxies, whatever the environment has, and an open connection" {
    rudeproxy_stop
    printf '%s\n' '[rudeproxy]' 'grace = 60s' '[proxy one]' 'listen = 127.0.0.1:0' 'upstream = builtin:http' \
        '[proxy two]' 'listen = 127.0.0.1:0' 'upstream = builtin:echo' '[fault cut]' 'type = reset' \
        'when = bytes:1k' >"$BATS_TEST_TMPDIR/two.ini"
    export RUDEPROXY_LOG_FORMAT=nonsense
    export RUDEPROXY_CONFIG=$BATS_TEST_TMPDIR/none.ini
    rudeproxy_config=$BATS_TEST_TMPDIR/two.ini rudeproxy_start
    run curl -q -sS --noproxy '*' -o /dev/null "http://$(rudeproxy_address_of one)/bytes/100k"
    [ "$status" -eq 56 ]
    [ "$(rudeproxy_fired cut)" -eq 1 ]
    local address begun=$SECONDS
    address=$(rudeproxy_address_of two)
    exec 5<>"/dev/tcp/${address%:*}/${address##*:}"
    echo x >&5
    read -r <&5
    rudeproxy_stop
    [ $((SECONDS - begun)) -lt 40 ]
    exec 5>&-
}
