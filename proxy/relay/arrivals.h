/* SPDX-License-Identifier: MIT */
/*
 * When the bytes that wait in a flow arrived: a queue of (offset, time) marks beside the ring, kept
 * only where a fault asks for it. Time never goes back from one mark to the next.
 */
#ifndef RUDEPROXY_RELAY_ARRIVALS_H
#define RUDEPROXY_RELAY_ARRIVALS_H

#include <stddef.h>
#include <stdint.h>

#include "proxy/base/clock.h"

/* Bound of the marks; beyond it, bytes join the last mark and count as arrived with its last ones,
 * late rather than early. A buffer of 64 MB filled by 1 kB messages needs so many. */
#define ARRIVALS_MAX 65536

struct arrival {
    uint64_t end; /* offset behind the bytes it stands for */
    time_us at;
};

/* Marks kept in place, so that there is always a last one to join. */
#define ARRIVALS_FEW 8

struct arrivals {
    struct arrival few[ARRIVALS_FEW];
    struct arrival *marks; /* instead of `few` when there are more; circular; owned; or NULL */
    size_t cap;            /* of marks */
    size_t first, count;
};

/* Zeroed memory is a valid, empty queue. */
void arrivals_deinit(struct arrivals *arrivals);

/* The bytes up to `end` arrived at `at`. Without memory for a mark they join the last one. */
void arrivals_add(struct arrivals *arrivals, uint64_t end, time_us at);

/* Forgets the marks of bytes before `offset`. */
void arrivals_forget(struct arrivals *arrivals, uint64_t offset);

/* When the byte at `offset` arrived, and up to which offset the same holds. 0 and UINT64_MAX when
 * there is no mark for it. */
time_us arrivals_at(const struct arrivals *arrivals, uint64_t offset, uint64_t *until);

#endif
