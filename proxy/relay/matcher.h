/* SPDX-License-Identifier: MIT */
/*
 * Finds a byte pattern in a stream that comes in pieces of any size (Knuth, Morris and Pratt, "Fast
 * pattern matching in strings", SIAM J. Comput. 6, 1977): no byte is looked at twice, and after
 * each byte it is known how much of the pattern the stream ends in.
 */
#ifndef RUDEPROXY_RELAY_MATCHER_H
#define RUDEPROXY_RELAY_MATCHER_H

#include <stddef.h>

#include "proxy/fault/trigger.h"

/* Compiled once for a trigger, shared by all connections. */
struct matcher {
    const struct trigger *trigger;             /* of kind TRIGGER_MATCH */
    unsigned char border[TRIGGER_PATTERN_MAX]; /* border[i]: longest proper prefix of the pattern
                                                  that is a suffix of its first i+1 bytes */
};

/* `trigger` outlives the matcher. */
void matcher_init(struct matcher *matcher, const struct trigger *trigger);

/* Goes on with `*matched` bytes of the pattern seen so far. Returns how many bytes of the piece
 * were looked at: all, or those up to the end of the first match, and then *matched is the whole
 * pattern's length. */
size_t matcher_scan(
    const struct matcher *matcher, unsigned *matched, const unsigned char *bytes, size_t n);

#endif
