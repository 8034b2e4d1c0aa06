# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # `work` and the proxy's variables are those of tests/e2e/lib.sh
#
# Compares the messages that a proxy saw with those that tshark's dissectors count on the same connections. dumpcap captures
# and one call of tshark reads the capture: each start of tshark costs more than all of its reading.
#
#   proxy_start <<<"$(section http http "$nginx_port")"     the proxies, one for each protocol
#   capture_start                                           from here on packets are kept
#   ...                                                     clients talk through the proxies
#   capture_end                                             stops the proxy and the capture, and dissects that
#   compare http upstream http.request.method

# For each protocol its dissector, and the fields that tests count.
dissectors="\
amqp      amqp   amqp.type
http      http   http.request.method http.response.code
http2     http2  http2.type
kafka     kafka  kafka.len
mongodb   mongo  mongo.message_length
mqtt      mqtt   mqtt.msgtype
mysql     mysql  mysql.packet_length
postgres  pgsql  pgsql.type
redis     resp   resp.string resp.error resp.integer resp.bulk_string resp.array resp.array.length
smtp      smtp   smtp.req.command smtp.response.code imf
tls       tls    tls.record.content_type tls.record.length"

# section NAME PROTOCOL PORT - a proxy in front of PORT that logs its messages.
section() {
    printf '[proxy %s]\nlisten = 127.0.0.1:0\nupstream = 127.0.0.1:%s\nprotocol = %s\nlog_messages = yes\n\n' "$1" "$3" "$2"
}

# capture_start - captures what passes between clients and the proxies' ports, and nothing else: a busy machine would
# lose packets. Sets pcap.
capture_start() {
    need tshark dumpcap
    [ "$(id -u)" -eq 0 ] || skip "capturing needs root"
    local ports
    ports=$(sed -E 's/.*:([0-9]+)$/ or tcp port \1/' "$proxy_ready" | tr -d '\n')
    pcap=$work/lo.pcap
    capture_mark_port=$(unused_port)
    dumpcap -q -i lo -B 64 -w "$pcap" -f "udp port $capture_mark_port$ports" 2>"$work/dumpcap.err" &
    capture_pid=$!
    servers+=("$capture_pid")
    eventually 30 capture_has begin || skip "dumpcap cannot capture: $(tail -n 1 "$work/dumpcap.err")"
}

# capture_has WORD - sends a datagram with the word; whether it is in the file, with all that came before it.
capture_has() {
    { echo "capture $1" >"/dev/udp/127.0.0.1/$capture_mark_port"; } 2>/dev/null || true
    grep -qsa "capture $1" "$pcap"
}

# capture_end - stops the proxy, and the capture when all packets are in the file; then reads it.
capture_end() {
    proxy_stop
    eventually 30 capture_has end || fail "the capture does not come to its end"
    end_process "$capture_pid" INT || true
    capture_dissect
}

# capture_dissect - fills $work/dissected: `PROXY DIRECTION FIELD VALUE`, a line for each value of each field of the table.
# Only connections that the proxy has logged count: ports may be another program's too, at ::1 or when the proxy is gone.
capture_dissect() {
    local name protocol port dissector options=() fields=()
    awk '/^\[proxy / { gsub(/[][]/, ""); name = $2 } /^protocol / { print name, $3 }' "$proxy_ini" >"$work/protocols"
    : >"$work/connections"
    while read -r name protocol; do
        port=$(proxy_port "$name")
        dissector=$(awk -v protocol="$protocol" '$1 == protocol { print $2 }' <<<"$dissectors")
        options+=(-d "tcp.port==$port,$dissector")
        sed -nE "s/.*\"event\":\"open\",\"proxy\":\"$name\",.*\"client\":\"[0-9.]+:([0-9]+)\".*/$name\t\1\t$port/p" \
            "$proxy_log" >>"$work/connections"
    done <"$work/protocols"
    mapfile -t fields < <(awk '{ for (i = 3; i <= NF; i++) printf "-e\n%s\n", $i }' <<<"$dissectors")
    tshark -r "$pcap" "${options[@]}" -T fields -E header=y -E occurrence=a -E aggregator=, \
        -e tcp.srcport -e tcp.dstport "${fields[@]}" >"$work/frames" 2>"$work/tshark.err" ||
        fail "tshark cannot read the capture: $(tail -n 1 "$work/tshark.err")"
    awk -F '\t' '
        NR == FNR { flow[$2, $3] = $1 " upstream"; flow[$3, $2] = $1 " downstream"; next }
        FNR == 1 { split($0, field); next }
        ($1, $2) in flow {
            for (i = 3; i <= NF; i++) {
                count = split($i, values, ",")
                for (k = 1; k <= count; k++)
                    print flow[$1, $2], field[i], values[k]
            }
        }' "$work/connections" "$work/frames" >"$work/dissected"
}

# seen PROXY DIRECTION - how many messages the proxy saw.
seen() {
    grep -E '"event": *"message"' "$proxy_log" | grep -E "\"proxy\": *\"$1\"" | grep -cE "\"direction\": *\"$2\"" || true
}

# dissected_values PROXY DIRECTION FIELD - the values of the field that tshark has found between the clients and the proxy,
# one a line.
dissected_values() {
    sed -n "s/^$1 $2 $3 //p" "$work/dissected"
}

# dissected PROXY DIRECTION FIELD... - how many values these fields have together.
dissected() {
    local field
    for field in "${@:3}"; do
        dissected_values "$1" "$2" "$field"
    done | wc -l
}

# compare PROXY DIRECTION FIELD... - both count the same.
compare() {
    compare_count "$1" "$2" "$(dissected "$@")"
}

# compare_count PROXY DIRECTION WANT - both count the same, where the number is made of several fields.
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
