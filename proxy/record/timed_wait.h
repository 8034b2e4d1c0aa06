/* SPDX-License-Identifier: MIT */
/* Waits for a condition, but not longer than some time. Setting the wall clock does not change it.
 */
#ifndef RUDEPROXY_RECORD_TIMED_WAIT_H
#define RUDEPROXY_RECORD_TIMED_WAIT_H

#include <pthread.h>
#include <time.h>

/* For pthread_cond_timedwait() with timed_wait_in_ms(). */
static inline void timed_wait_init(pthread_cond_t *condition)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(condition, &attributes);
    pthread_condattr_destroy(&attributes);
}

static inline struct timespec timed_wait_in_ms(int ms)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    long ns = at.tv_nsec + ms % 1000 * 1000000L;
    return (struct timespec){at.tv_sec + ms / 1000 + ns / 1000000000L, ns % 1000000000L};
}

#endif
