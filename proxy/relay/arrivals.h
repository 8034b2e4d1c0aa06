/* SPDX-License-Identifier: MIT */
/*
 * The arrival times of the bytes that are pending in a flow, and of those that wait in the kernel
 * behind an edge: a queue of (offset, time) marks beside the ring, kept only if a fault needs it.
 * Times never decrease from one mark to the next.
 */
#ifndef RUDEPROXY_RELAY_ARRIVALS_H
#define RUDEPROXY_RELAY_ARRIVALS_H

#include <stddef.h>
#include <stdint.h>

#include "proxy/base/clock.h"

/* Most marks. Above it, bytes join the last mark and get its time, which is late rather than early.
 * A buffer of 64 MB filled by 1 kB messages needs this number. */
#define ARRIVALS_MAX 65536

struct arrival {
    uint64_t end; /* offset behind the bytes it stands for */
    time_us at;
};

/* Embedded marks, so that there is always a last mark to join. */
#define ARRIVALS_FEW 8

struct arrivals {
    struct arrival few[ARRIVALS_FEW];
    struct arrival *marks; /* instead of `few` if there are more; circular; owned; or NULL */
    size_t cap;            /* of marks */
    size_t first, count;
};

/* Zeroed memory is a valid, empty queue. */
void arrivals_deinit(struct arrivals *arrivals);

/* Records that the bytes up to `end` arrived at `at`. Without memory for a mark they join the last
 * one. */
void arrivals_add(struct arrivals *arrivals, uint64_t end, time_us at);

/* Forgets the marks of bytes before `offset`. */
void arrivals_forget(struct arrivals *arrivals, uint64_t offset);

/* Forgets the marks of bytes from `offset` on: other bytes will stand there. `offset`: at or behind
 * the bytes that arrivals_forget() has forgotten. */
void arrivals_cut(struct arrivals *arrivals, uint64_t offset);

/* Returns when the byte at `offset` arrived, and the offset up to which this is the same. 0 and
 * UINT64_MAX if it has no mark. */
time_us arrivals_at(const struct arrivals *arrivals, uint64_t offset, uint64_t *until);

#endif
