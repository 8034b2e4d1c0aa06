#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Report: cloudamqp/amqp-client.js#95
# Symptom: the broker falls silent: three heartbeats later the connection is still open
# Programs: @cloudamqp/amqp-client 2.1.1, RabbitMQ
# INI: `blackhole` at `message:1/heartbeat`
# shellcheck source=tests/reports/lib.sh
. "$(dirname "$0")/lib.sh"
need_npm @cloudamqp/amqp-client@2.1.1
rabbitmq_is_installed || skip "rabbitmq-server is not installed"
rabbitmq_start
cat >"$work/client.mjs" <<'JS'
import { AMQPClient } from '@cloudamqp/amqp-client';
const connection = await new AMQPClient(`amqp://guest:guest@${process.argv[2]}?heartbeat=1`).connect();
await connection.channel();
setTimeout(() => {
    console.log(connection.closed ? 'closed' : 'still open');
    process.exit();
}, 4500);
JS

attempt() {
    in_front_of "$rabbitmq_port" amqp <<'INI'
[fault cable-pulled]
type = blackhole
when = message:1/heartbeat
INI
    prints '^still open$' node "$work/client.mjs" "$address"
    fault_fired
}
reproduce attempt
rabbitmq_stop
