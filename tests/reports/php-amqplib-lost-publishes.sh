#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Report: php-amqplib/php-amqplib#787
# Symptom: the broker takes no more: publishes 2 to 5 bring no error, the first one comes at close()
# Programs: php-amqplib 3.5, RabbitMQ
# INI: `blackhole` upstream at `message:1/body`
# shellcheck source=tests/reports/lib.sh
. "$(dirname "$0")/lib.sh"
need php
[ -e /usr/share/php/PhpAmqpLib/autoload.php ] || skip "php-amqplib is not installed"
rabbitmq_is_installed || skip "rabbitmq-server is not installed"
rabbitmq_start
cat >"$work/client.php" <<'PHP'
<?php
require_once '/usr/share/php/PhpAmqpLib/autoload.php';
use PhpAmqpLib\Connection\AMQPStreamConnection;
use PhpAmqpLib\Message\AMQPMessage;
function connection($port)
{
    return new AMQPStreamConnection('127.0.0.1', $port, 'guest', 'guest', '/', false, 'AMQPLAIN', null, 'en_US', 20, 20, null,
        false, 0, 2);
}
$direct = connection($argv[2])->channel();
$direct->queue_declare('story');
$direct->queue_purge('story');
$channel = connection($argv[1])->channel();
for ($i = 1; $i <= 5; $i++) {
    $channel->basic_publish(new AMQPMessage("message $i"), '', 'story');
    echo "published $i\n";
}
try {
    $channel->close();
} catch (Exception $error) {
    echo 'close: ' . get_class($error) . "\n";
}
for ($tries = 0; $tries < 100 && !($message = $direct->basic_get('story', true)); $tries++) {
    usleep(50000);
}
while ($message) {
    echo "in the queue: $message->body\n";
    $message = $direct->basic_get('story', true);
}
posix_kill(posix_getpid(), SIGKILL); // its destructor would wait for the deaf broker
PHP

attempt() {
    in_front_of "$rabbitmq_port" amqp <<'INI'
[fault deaf]
type = blackhole
direction = upstream
when = message:1/body
INI
    expect 137 timeout 60 php "$work/client.php" "$port" "$rabbitmq_port"
    same "the client's story" "$(printf 'published %d\n' 1 2 3 4 5 && echo 'close: PhpAmqpLib\Exception\AMQPTimeoutException' &&
        echo 'in the queue: message 1')" "$(cat "$work/out")"
    fault_fired
}
reproduce attempt
rabbitmq_stop
