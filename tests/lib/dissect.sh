# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # `work` and the proxy's variables are those of tests/e2e/lib.sh
#
# Compares the messages that a proxy saw with those that tshark's dissectors count on the same connections.
#
#   proxy_start <<<"$(section http http "$nginx_port")"     the proxies, one for each protocol
#   capture_start                                           from here on tshark listens
#   ...                                                     clients talk through the proxies
#   capture_end                                             stops the proxy, then tshark
#   compare http upstream http http.request.method

# section NAME PROTOCOL PORT - a proxy in front of PORT that logs its messages.
section() {
    printf '[proxy %s]\nlisten = 127.0.0.1:0\nupstream = 127.0.0.1:%s\nprotocol = %s\nlog_messages = yes\n\n' "$1" "$3" "$2"
}

# capture_start - captures what passes between clients and the proxies' ports, and nothing else: a busy machine would
# lose packets. Sets pcap.
capture_start() {
    need tshark
    [ "$(id -u)" -eq 0 ] || skip "capturing needs root"
    local ports
    ports=$(sed -E 's/.*:([0-9]+)$/ or tcp port \1/' "$proxy_ready" | tr -d '\n')
    pcap=$work/lo.pcap
    capture_mark_port=$(unused_port)
    tshark -q -i lo -B 64 -w "$pcap" -f "udp port $capture_mark_port$ports" 2>"$work/tshark.err" &
    tshark_pid=$!
    servers+=("$tshark_pid")
    eventually 30 capture_has begin || skip "tshark cannot capture: $(tail -n 1 "$work/tshark.err")"
}

# capture_has WORD - sends a datagram with the word; whether it is in the file, with all that came before it.
capture_has() {
    { echo "capture $1" >"/dev/udp/127.0.0.1/$capture_mark_port"; } 2>/dev/null || true
    grep -qsa "capture $1" "$pcap"
}

# capture_end - stops the proxy, and tshark when all packets are in the file.
capture_end() {
    proxy_stop
    eventually 30 capture_has end || fail "the capture does not come to its end"
    end_process "$tshark_pid" INT || true
}

# seen PROXY DIRECTION - how many messages the proxy saw.
seen() {
    grep -E '"event": *"message"' "$proxy_log" | grep -E "\"proxy\": *\"$1\"" | grep -cE "\"direction\": *\"$2\"" || true
}

# dissected_values PROXY DIRECTION DISSECTOR FIELD [FILTER] - the values of the field that tshark finds between the clients
# and the proxy, one a line.
dissected_values() {
    local port end=srcport
    port=$(proxy_port "$1")
    [ "$2" = downstream ] || end=dstport
    tshark -r "$pcap" -d "tcp.port==$port,$3" -Y "tcp.$end == $port && ${5:-$4}" -T fields -E occurrence=a -E aggregator=, \
        -e "$4" 2>/dev/null | tr , '\n'
}

# dissected - the same: how many.
dissected() {
    dissected_values "$@" | wc -l
}

# compare PROXY DIRECTION DISSECTOR FIELD [FILTER] - both count the same.
compare() {
    compare_count "$1" "$2" "$(dissected "$@")"
}

# compare_count PROXY DIRECTION WANT - the same with a number made of several fields.
compare_count() {
    local want=$3 got
    got=$(seen "$1" "$2")
    note "$1 $2: $got messages, tshark counts $want"
    [ "$got" -gt 0 ] || fail "no message of $1 $2"
    same "messages of $1 $2" "$want" "$got"
}

# no_framing_lost - every byte was understood.
no_framing_lost() {
    ! grep -E '"event": *"framing_lost"' "$proxy_log" || fail "a framing was lost"
}
