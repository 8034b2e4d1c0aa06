#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Report: pika/pika#748 (kin)
# Symptom: a message that is published into CLOSE_WAIT is lost without an error, the next one raises it
# Programs: php-amqplib 3.5 (sockets), RabbitMQ
# INI: `close` plain at upstream `message:1/body`, `trigger_delay = 200ms`
# shellcheck source=tests/reports/lib.sh
. "$(dirname "$0")/lib.sh"
need php
[ -e /usr/share/php/PhpAmqpLib/autoload.php ] || skip "php-amqplib is not installed"
[ "$(php -r 'echo extension_loaded("sockets") ? 1 : 0;')" = 1 ] || skip "PHP has no sockets"
rabbitmq_is_installed || skip "rabbitmq-server is not installed"
rabbitmq_start
cat >"$work/client.php" <<'PHP'
<?php
require_once '/usr/share/php/PhpAmqpLib/autoload.php';
use PhpAmqpLib\Connection\AMQPSocketConnection;
use PhpAmqpLib\Message\AMQPMessage;
function publish($channel, $text)
{
    $channel->basic_publish(new AMQPMessage($text), '', 'story');
    echo "published $text\n";
}
$direct = (new AMQPSocketConnection('127.0.0.1', $argv[2], 'guest', 'guest'))->channel();
$direct->queue_declare('story');
$direct->queue_purge('story');
$connection = new AMQPSocketConnection('127.0.0.1', $argv[1], 'guest', 'guest');
$channel = $connection->channel();
$socket = $connection->getIO()->getSocket();
publish($channel, 'one');
$read = [$socket];
$none = null;
socket_select($read, $none, $none, 20); // the FIN is there, and nobody reads
publish($channel, 'two');
for ($tries = 0; $tries < 400 && socket_get_option($socket, SOL_SOCKET, SO_ERROR) === 0; $tries++) {
    usleep(50000); // until the RST is there
}
try {
    publish($channel, 'three');
} catch (Exception $error) {
    echo 'three: ' . get_class($error) . "\n";
    publish($direct, 'three');
}
for ($tries = 0; $tries < 100 && !($message = $direct->basic_get('story', true)); $tries++) {
    usleep(50000);
}
while ($message) {
    echo "in the queue: $message->body\n";
    $message = $direct->basic_get('story', true);
}
posix_kill(posix_getpid(), SIGKILL); // no destructor speaks to the closed connection
PHP

attempt() {
    in_front_of "$rabbitmq_port" amqp <<'INI'
[fault balancer]
type = close
mode = plain
direction = upstream
when = message:1/body
trigger_delay = 200ms
INI
    expect 137 timeout 60 php "$work/client.php" "$port" "$rabbitmq_port"
    same "the client's story" "$(echo 'published one' && echo 'published two' &&
        echo 'three: PhpAmqpLib\Exception\AMQPConnectionClosedException' && echo 'published three' &&
        printf 'in the queue: %s\n' one three)" "$(cat "$work/out")"
    fault_fired
}
reproduce attempt
rabbitmq_stop
