/* SPDX-License-Identifier: MIT */
/* The unit of time of the whole program: microseconds of a monotonic clock. base/, fault/,
 * framing/, config/ and relay/ read no clock: they take `now` as an argument. */
#ifndef RUDEPROXY_BASE_CLOCK_H
#define RUDEPROXY_BASE_CLOCK_H

#include <stdint.h>

typedef uint64_t time_us;

#define TIME_NEVER UINT64_MAX

#define US_PER_MS 1000u
#define US_PER_S 1000000u

static inline time_us time_min(time_us a, time_us b)
{
    return a < b ? a : b;
}

/* a + b, saturating at TIME_NEVER, so that "forever" may be added to now. */
static inline time_us time_add(time_us a, uint64_t b)
{
    return a + b < a ? TIME_NEVER : a + b;
}

#endif
