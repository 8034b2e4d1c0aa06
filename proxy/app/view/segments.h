/* SPDX-License-Identifier: MIT */
/*
 * A connection's story as TCP segments, in a pcapng file: two streams, the client's with rudeproxy
 * and rudeproxy's with the server. The log does not have the segments that the kernel sent, so
 * these are made up of its rows: a handshake, the bytes, an acknowledgement for each piece, FIN and
 * RST, in the order of the rows. Lengths are true; of the payload only what the log holds is there.
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

/* Writes all packets in the order of their times: the rest of a section (pcapng.h). */
void segments_write_packets(struct segments *segments, FILE *out);

/* Writes a whole file: its head, and all packets. */
void segments_write(struct segments *segments, FILE *out);
void segments_free(struct segments *segments);

#endif
