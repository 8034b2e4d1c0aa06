/* SPDX-License-Identifier: MIT */
/*
 * Finds a byte pattern in a stream that comes in pieces of any size (Knuth, Morris and Pratt, "Fast
 * pattern matching in strings", SIAM J. Comput. 6, 1977): no byte is looked at twice, and after
 * each byte it is known how much of the pattern the stream ends in.
 */
#ifndef RUDEPROXY_RELAY_MATCHER_H
#define RUDEPROXY_RELAY_MATCHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proxy/fault/trigger.h"

/* Compiled once for a trigger, shared by all connections. */
struct matcher {
    const struct trigger *trigger;             /* of kind TRIGGER_MATCH */
    unsigned char border[TRIGGER_PATTERN_MAX]; /* border[i]: longest proper prefix of the pattern
                                                  that is a suffix of its first i+1 bytes */
};

/* `trigger` outlives the matcher. */
void matcher_init(struct matcher *matcher, const struct trigger *trigger);

/* How far the search has come in one stream. All zero at its beginning. */
struct match_progress {
    unsigned matched;     /* bytes of the pattern in which the stream ends */
    uint64_t occurrences; /* of the whole pattern so far; they do not overlap */
};

/* Whether the trigger's occurrence was found. */
bool matcher_has_found(const struct matcher *matcher, const struct match_progress *progress);

/* Continues the search. Returns how many bytes of the piece were looked at: all, or those up to the
 * end of the trigger's occurrence. Not to be called again once it was found. */
size_t matcher_scan(const struct matcher *matcher, struct match_progress *progress,
    const unsigned char *bytes, size_t n);

/* Whether the bytes matched so far may be the beginning of the trigger's occurrence, and not of an
 * earlier one. */
bool matcher_may_find(const struct matcher *matcher, const struct match_progress *progress);

#endif
