#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# A client counts with INCR and retries. The check reads the counter of its run.
# shellcheck source=examples/lib.sh
. "$(dirname "$0")/../lib.sh"
need redis-cli
need_module redis

redis_start
cat >"$work/cache.ini" <<INI
[proxy cache]
listen   = 127.0.0.1:0
upstream = 127.0.0.1:$redis_port
protocol = redis

[sweep]
check = test \$(redis-cli -p $redis_port GET visits:\$RUDEPROXY_RUN | grep . || echo 0) -le 1
INI
sweep 4 -c "$work/cache.ini" --sweep-fault 'close side=client' -- \
    "$python" "$examples/redis/client.py"
finds check_failed downstream withheld 'close side=client'
