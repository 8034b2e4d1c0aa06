#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Report: redis/redis-py#1140
# Symptom: `Connection closed by server.`
# Programs: redis-py, Redis
# INI: `close` upstream before `message:1/INCRBY`
# shellcheck source=tests/reports/lib.sh
. "$(dirname "$0")/lib.sh"
need_python redis
redis_start
cat >"$work/client.py" <<'PY'
import redis, sys
try:
    redis.Redis("127.0.0.1", int(sys.argv[1])).incr("counter")
except redis.ConnectionError as error:
    print(error)
PY

attempt() {
    in_front_of "$redis_port" redis <<'INI'
[fault before-incr]
type = close
direction = upstream
when = message:1/INCRBY
edge = before
INI
    prints '^Connection closed by server\.$' "$python" "$work/client.py" "$port"
    fault_fired
}
reproduce attempt
