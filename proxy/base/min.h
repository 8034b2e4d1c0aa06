/* SPDX-License-Identifier: MIT */
/* The smaller of two numbers. A minimum of times is time_min() of clock.h. */
#ifndef RUDEPROXY_BASE_MIN_H
#define RUDEPROXY_BASE_MIN_H

#include <stddef.h>
#include <stdint.h>

static inline uint64_t min_u64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static inline size_t min_size(size_t a, size_t b)
{
    return a < b ? a : b;
}

#endif
