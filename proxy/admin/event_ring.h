/* SPDX-License-Identifier: MIT */
/*
 * The last events as lines of JSON, numbered from 1, for readers of the event stream. The data path
 * writes it and never waits for a reader: a slow reader finds that lines are gone, and gets their
 * number.
 *
 * Life: event_ring_init; event_ring_add; event_ring_deinit.
 */
#ifndef RUDEPROXY_ADMIN_EVENT_RING_H
#define RUDEPROXY_ADMIN_EVENT_RING_H

#include <stdio.h>

#include "proxy/base/must_check.h"
#include "proxy/relay/event.h"

#define EVENT_RING_MAX 4096  /* lines kept: with 400 bytes each, 1.6 MB */
#define EVENT_LINE_MAX 16384 /* room for eight fault names and two addresses, every byte escaped */

/* Longest silence of a stream: only a failed send shows that the reader is gone. */
#define EVENT_STREAM_KEEP_ALIVE_US (15 * US_PER_S)

struct event_line {
    enum event_kind kind;
    char *json; /* owned; no newline; NULL: out of memory when it was added */
};

struct event_ring {
    struct event_line lines[EVENT_RING_MAX]; /* line n at n % EVENT_RING_MAX */
    uint64_t last;                           /* number of the newest line; 0: none yet */
    int64_t wall_offset_us;
    FILE *out; /* writes into `scratch` */
    char scratch[EVENT_LINE_MAX];
};

/* `wall_offset_us`: the wall clock minus the clock of events. Returns 0 or -ENOMEM. */
MUST_CHECK int event_ring_init(struct event_ring *ring, int64_t wall_offset_us);
void event_ring_deinit(struct event_ring *ring);

void event_ring_add(struct event_ring *ring, const struct event *event);

/* Returns the number of the oldest line still kept; last + 1: none. */
uint64_t event_ring_first(const struct event_ring *ring);

static inline const struct event_line *event_ring_line(
    const struct event_ring *ring, uint64_t number)
{
    return &ring->lines[number % EVENT_RING_MAX];
}

#endif
