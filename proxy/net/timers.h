/* SPDX-License-Identifier: MIT */
/*
 * Deadlines of a worker, in microseconds: a binary heap behind one timerfd. libuv's own timers tick
 * in milliseconds, and one uv_timer_t for each connection would be a third of its memory.
 *
 * Life of a timer: timer_init reserves its place in the heap (the only call that can fail),
 * timer_set as often as wanted, timer_deinit.
 */
#ifndef RUDEPROXY_NET_TIMERS_H
#define RUDEPROXY_NET_TIMERS_H

#include <stddef.h>

#include "proxy/base/clock.h"
#include "proxy/base/must_check.h"
#include "proxy/net/poller.h"

struct timer {
    time_us at;                          /* TIME_NEVER: not set */
    size_t index;                        /* in the heap, from 1; 0: not in it */
    void (*on_due)(struct timer *timer); /* the timer is no longer set when it is called */
};

struct timers {
    struct poller_item item; /* of the timerfd */
    int fd;
    time_us armed_at;    /* when the timerfd expires; TIME_NEVER: disarmed */
    struct timer **heap; /* [1..count], earliest first; owned */
    size_t count;
    size_t reserved; /* number of initialised timers */
    size_t cap;
};

/* Returns the time of CLOCK_MONOTONIC. */
time_us timers_now(void);

/* Returns 0 or negative errno; after a failure there is nothing to deinit. */
MUST_CHECK int timers_init(struct timers *timers, struct poller *poller);
void timers_deinit(struct timers *timers); /* deinit every timer first */

/* Sets the timerfd to the earliest deadline. Call it before the loop blocks. */
void timers_arm(struct timers *timers);

/* Reserves a place for the timer. Returns 0 or -ENOMEM. */
MUST_CHECK int timer_init(
    struct timers *timers, struct timer *timer, void (*on_due)(struct timer *timer));
void timer_set(struct timers *timers, struct timer *timer, time_us at);
void timer_deinit(struct timers *timers, struct timer *timer);

#endif
