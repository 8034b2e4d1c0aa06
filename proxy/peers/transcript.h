/* SPDX-License-Identifier: MIT */
/*
 * The view of one end of a connection: one short line of text for each call, in order.
 *
 * A plain value of fixed size without pointers: copy it, keep it, compare it. `text` holds only
 * what must be the same on every run; numbers that differ from run to run natively (how many bytes
 * fitted into the kernel's buffers) stand in `aside` and are for display only.
 */
#ifndef RUDEPROXY_PEERS_TRANSCRIPT_H
#define RUDEPROXY_PEERS_TRANSCRIPT_H

#include <stdbool.h>
#include <stddef.h>

/* More steps than any script has for one end; further lines are counted but not kept. */
#define TRANSCRIPT_LINES 48

struct transcript_line {
    char text[112];
    char aside[64];
    bool quiet; /* only keeps the two ends in step; a reader misses nothing without it */
};

struct transcript {
    size_t n;       /* lines kept */
    size_t dropped; /* lines that found no room: two such transcripts never compare equal */
    struct transcript_line lines[TRANSCRIPT_LINES];
};

void transcript_clear(struct transcript *transcript);
void transcript_add(struct transcript *transcript, const struct transcript_line *line);

/* Same number of lines, same texts, nothing dropped. */
bool transcript_equal(const struct transcript *a, const struct transcript *b);

#endif
