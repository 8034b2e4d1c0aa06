#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The messages of kafka, mongodb and amqp between the clients of npm and servers that are built from the protocols'
# specifications (tests/e2e/conversations), and RabbitMQ where it is installed: tshark counts as many, and a fault at a
# message is what the client reports.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/lib/servers.sh
. "$(dirname "$0")/../lib/servers.sh"
# shellcheck source=tests/lib/dissect.sh
. "$(dirname "$0")/../lib/dissect.sh"
need node npm tshark
[ "$(id -u)" -eq 0 ] || skip "capturing needs root"
conversations=$(cd "$(dirname "$0")/conversations" && pwd)
node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)' ||
    skip "node $(node -p process.versions.node) is too old, the driver of MongoDB needs 20.19"

# RabbitMQ starts meanwhile.
packages=(kafkajs@2.2.4 mongodb@6.20.0 amqplib@0.10.9)
npm=$(npm_folder "${packages[@]}")
npm_install "${packages[@]}" &
npm_pid=$!
servers+=("$npm_pid")
rabbitmq=no
if rabbitmq_is_installed; then
    rabbitmq=yes
    rabbitmq_start
fi
wait "$npm_pid" || skip "npm cannot install the clients: $(tail -n 1 "$work/npm.log")"

# server_try NAME PORT - for on_free_port. Sets NAME_port.
server_try() {
    node "$conversations/$1.mjs" "$2" "$work/$1.address" "$npm" >"$work/$1.server" 2>&1 &
    servers+=("$!")
    await_server "$!" eval "(: </dev/tcp/127.0.0.1/$2)" 2>/dev/null
}
kafka_try() { kafka_port=$1 && server_try kafka_broker "$1"; }
mongodb_try() { mongodb_port=$1 && server_try mongodb_server "$1"; }
amqp_try() { amqp_port=$1 && server_try amqp_server "$1"; }
on_free_port kafka_try
on_free_port mongodb_try
on_free_port amqp_try

client() { # NAME PROXY
    timeout 60 node "$conversations/$1_client.mjs" "$npm" "127.0.0.1:$(proxy_port "$2")"
}

# --- counts ---

proxy_start <<INI
$(section kafka kafka "$kafka_port")
$(section mongodb mongodb "$mongodb_port")
$(section amqp amqp "$amqp_port")
$([ "$rabbitmq" = no ] || section rabbitmq amqp "$rabbitmq_port")
INI
proxy_address kafka >"$work/kafka_broker.address"
capture_start
expect 0 client kafka kafka
same "the last message" "three 2" "$(tail -n 1 "$work/out")"
expect 0 client mongodb mongodb
expect 0 client amqp amqp
[ "$rabbitmq" = no ] || expect 0 client amqp rabbitmq
capture_end
[ "$rabbitmq" = no ] || rabbitmq_stop

no_framing_lost
compare kafka upstream kafka.len
compare kafka downstream kafka.len
compare mongodb upstream mongo.message_length
compare mongodb downstream mongo.message_length
for proxy in amqp $([ "$rabbitmq" = no ] || echo rabbitmq); do
    # The protocol header is a message, and no frame.
    compare_count "$proxy" upstream $((1 + $(dissected "$proxy" upstream amqp.type)))
    compare "$proxy" downstream amqp.type
done

# --- faults ---

# lost NAME PORT WHEN WORDS - the answer to a request is lost: the client reports the words.
lost() {
    proxy_start <<INI
[proxy $1]
listen = 127.0.0.1:0
upstream = 127.0.0.1:$2
protocol = $1

[fault asked]
type = mark
direction = upstream
when = $3

[fault answer-lost]
type = reset
when = message:1
edge = before
after = asked
INI
    proxy_address "$1" >"$work/kafka_broker.address"
    expect 1 client "$1" "$1"
    proxy_stop
    says "$proxy_log" '"fault":"answer-lost"'
    says "$work/err" "$4"
}
lost kafka "$kafka_port" message:2/Produce 'Closed connection|ECONNRESET'
same "messages before" 1 "$(grep -c . "$work/out")"
lost amqp "$amqp_port" message:2/body 'ECONNRESET|Socket closed|Unexpected close'
same "messages before" 1 "$(grep -c . "$work/out")"
lost mongodb "$mongodb_port" 'match:"insert\x00"' 'ECONNRESET|MongoNetworkError'
same "messages before" 1 "$(grep -c . "$work/out")"
