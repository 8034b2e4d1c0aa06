/* SPDX-License-Identifier: MIT */
/*
 * How late the loop is: a timer measures how long after its time it is called. The same delay hits
 * every connection.
 *
 * Life: loop_lag_init, loop_lag_deinit.
 */
#ifndef RUDEPROXY_ADMIN_LOOP_LAG_H
#define RUDEPROXY_ADMIN_LOOP_LAG_H

#include "proxy/base/must_check.h"
#include "proxy/net/timers.h"

#define LOOP_LAG_BUCKETS 14
extern const uint64_t loop_lag_bounds_us[LOOP_LAG_BUCKETS]; /* inclusive upper bounds */

struct loop_lag {
    struct timers *timers;
    struct timer timer;
    time_us due;
    uint64_t counts[LOOP_LAG_BUCKETS + 1]; /* the last one is for values beyond every bound */
    uint64_t sum_us;
};

/* Returns 0 or -ENOMEM. */
MUST_CHECK int loop_lag_init(struct loop_lag *lag, struct timers *timers);
void loop_lag_deinit(struct loop_lag *lag);

#endif
