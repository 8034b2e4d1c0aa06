/* SPDX-License-Identifier: MIT */
/*
 * A connection's story as TCP segments, in a pcapng file: two streams, the client's with rudeproxy
 * and rudeproxy's with the server. The log does not have the segments that the kernel sent, so
 * these are made up from the rows of the story, in their order: a handshake, the bytes, an
 * acknowledgement for each piece, FIN and RST. Lengths are true; the payload is only there as far
 * as the log has it. If a connection has very many bytes, some are left out, and a comment says how
 * many.
 *
 * Life: segments_init, segments_add for each story, segments_write, segments_free (also after a
 * failure).
 */
#ifndef RUDEPROXY_APP_VIEW_SEGMENTS_H
#define RUDEPROXY_APP_VIEW_SEGMENTS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "proxy/app/view/story.h"
#include "proxy/base/must_check.h"

/* One block of the file. */
struct segment_block {
    int64_t at_us; /* wall clock */
    size_t order;  /* among all that were added */
    char *bytes;   /* owned */
    size_t size;
};

struct segments {
    struct segment_block *blocks; /* owned */
    size_t count, capacity;
    size_t connections; /* that were added */
};

void segments_init(struct segments *segments);

/* Adds a connection. `listening` is the address of its proxy, "" if the log does not have it. 0, or
 * -1: out of memory. */
MUST_CHECK int segments_add(
    struct segments *segments, const struct story *story, const char *listening);

/* Brings the packets into the order of their times. */
void segments_sort(struct segments *segments);

/* Writes packets from number `from` on, counted from 0, until they are `most` bytes or more: a
 * piece of a section (pcapng.h). Returns the number of the next one, `count` behind the last. */
size_t segments_write_packets(const struct segments *segments, size_t from, size_t most, FILE *out);

/* Writes a whole file: its head, and all packets in their order. */
void segments_write(struct segments *segments, FILE *out);
void segments_free(struct segments *segments);

#endif
