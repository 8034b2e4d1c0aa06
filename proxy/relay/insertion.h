/* SPDX-License-Identifier: MIT */
/*
 * Bytes that a fault inserts into a stream. They have no offset: triggers do not count them. Owned
 * by the armed fault; a flow has a queue of them.
 */
#ifndef RUDEPROXY_RELAY_INSERTION_H
#define RUDEPROXY_RELAY_INSERTION_H

#include <stddef.h>
#include <stdint.h>

#include "proxy/base/clock.h"

/* Size of a piece in which inserted bytes are sent. */
#define INSERTION_PIECE 4096

/* Faults that change bytes see inserted ones at offsets from here on, which no stream reaches. So
 * the draws for the stream's bytes do not change. */
#define INSERTION_OFFSETS (UINT64_C(1) << 63)

struct insertion {
    struct insertion *next;
    const unsigned char *data; /* NULL: random ones, drawn with `key` */
    uint64_t size;             /* at least 1 */
    uint64_t sent;
    uint64_t key;
    time_us came_at; /* when it was queued */
};

/* Copies the next bytes, at most `max`. Returns their number, 0 at the end. */
size_t insertion_peek(const struct insertion *insertion, unsigned char *bytes, size_t max);

#endif
