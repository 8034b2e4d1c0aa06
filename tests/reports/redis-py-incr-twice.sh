#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Report: redis/redis-py#261
# Symptom: the retry runs INCR twice
# Programs: redis-py, Redis
# INI: `close` before `message:2` downstream, the reply to INCR
# shellcheck source=tests/reports/lib.sh
. "$(dirname "$0")/lib.sh"
need_python redis
redis_start
cat >"$work/client.py" <<'PY'
import redis, sys
from redis.backoff import NoBackoff
from redis.retry import Retry
client = redis.Redis("127.0.0.1", int(sys.argv[1]), retry=Retry(NoBackoff(), 1), retry_on_error=[redis.ConnectionError])
client.delete("counter")
print("counter", client.incr("counter"))
PY

attempt() {
    in_front_of "$redis_port" redis <<'INI'
[fault reply-lost]
type = close
when = message:2
edge = before
connections = 1
INI
    prints '^counter 2$' "$python" "$work/client.py" "$port"
    fault_fired
}
reproduce attempt
