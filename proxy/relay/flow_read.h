/* SPDX-License-Identifier: MIT */
/* Private to flow.c and flow_read.c. */
#ifndef RUDEPROXY_RELAY_FLOW_READ_H
#define RUDEPROXY_RELAY_FLOW_READ_H

#include <errno.h>
#include <stdbool.h>
#include <sys/types.h>

#include "proxy/base/must_check.h"
#include "proxy/relay/flow.h"

static inline bool flow_would_block(ssize_t result)
{
    return result == -EAGAIN || result == -EWOULDBLOCK;
}

/* Reads once, if there is anything to read and the read mode allows it. Returns bytes read; 0:
 * none, or the source has ended and `end` is set; or -ENOMEM. */
MUST_CHECK ssize_t flow_read_some(struct flow *flow);

#endif
