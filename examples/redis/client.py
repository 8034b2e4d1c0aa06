# SPDX-License-Identifier: MIT
"""Counts once, with retries on a lost connection: that is the bug, for INCR is not idempotent."""
import os

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

client = redis.Redis(host=os.environ["RUDEPROXY_CACHE_HOST"], port=int(os.environ["RUDEPROXY_CACHE_PORT"]),
                     socket_timeout=5, retry=Retry(NoBackoff(), 3),
                     retry_on_error=[redis.ConnectionError, redis.TimeoutError])
print("counted", client.incr("visits:" + os.environ["RUDEPROXY_RUN"]) >= 1)
