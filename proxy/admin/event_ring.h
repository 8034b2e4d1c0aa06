/* SPDX-License-Identifier: MIT */
/*
 * The last events as lines of JSON, numbered from 1, for whoever reads the stream of events. It is
 * written by the data path and never waits for a reader: who is too slow finds that lines are gone,
 * and is told how many.
 *
 * Life: event_ring_init; event_ring_add; event_ring_deinit.
 */
#ifndef RUDEPROXY_ADMIN_EVENT_RING_H
#define RUDEPROXY_ADMIN_EVENT_RING_H

#include <stdio.h>

#include "proxy/base/must_check.h"
#include "proxy/relay/event.h"

#define EVENT_RING_MAX 4096  /* lines kept: with 400 bytes each, 1.6 MB */
#define EVENT_LINE_MAX 16384 /* eight fault names and two addresses, every byte escaped */

/* How long a stream may be silent: only what is sent shows whether its reader is still there. */
#define EVENT_STREAM_KEEP_ALIVE_US (15 * US_PER_S)

struct event_line {
    enum event_kind kind;
    char *json; /* owned; no newline; NULL: there was no memory for it */
};

struct event_ring {
    struct event_line lines[EVENT_RING_MAX]; /* line n at n % EVENT_RING_MAX */
    uint64_t last;                           /* number of the newest; 0: none yet */
    int64_t wall_offset_us;
    FILE *out; /* into `scratch` */
    char scratch[EVENT_LINE_MAX];
};

/* `wall_offset_us`: the wall clock minus that of events. 0 or -ENOMEM. */
MUST_CHECK int event_ring_init(struct event_ring *ring, int64_t wall_offset_us);
void event_ring_deinit(struct event_ring *ring);

void event_ring_add(struct event_ring *ring, const struct event *event);

/* Number of the oldest line that is still there; last + 1: there is none. */
uint64_t event_ring_first(const struct event_ring *ring);

static inline const struct event_line *event_ring_line(
    const struct event_ring *ring, uint64_t number)
{
    return &ring->lines[number % EVENT_RING_MAX];
}

#endif
