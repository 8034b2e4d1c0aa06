/* SPDX-License-Identifier: MIT */
/*
 * Finds a byte pattern in a stream that arrives in pieces of any size (Knuth, Morris and Pratt,
 * "Fast pattern matching in strings", SIAM J. Comput. 6, 1977). No byte is read twice, and after
 * each byte the length of a partial match at the end is known.
 */
#ifndef RUDEPROXY_RELAY_MATCHER_H
#define RUDEPROXY_RELAY_MATCHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proxy/fault/trigger.h"

/* Compiled once for a trigger, shared by all connections. */
struct matcher {
    const struct trigger *trigger; /* of kind TRIGGER_MATCH */
    /* Border[i]: longest proper prefix of the pattern that is a suffix of its first i+1 bytes. */
    unsigned char border[TRIGGER_PATTERN_MAX];
};

/* `trigger` outlives the matcher. */
void matcher_init(struct matcher *matcher, const struct trigger *trigger);

/* The state of a search in one stream. All zero at the start. */
struct match_progress {
    unsigned matched;     /* length of the partial match at the end of the stream */
    uint64_t occurrences; /* complete matches so far; they do not overlap */
};

/* Whether the trigger's occurrence was found. */
bool matcher_has_found(const struct matcher *matcher, const struct match_progress *progress);

/* Continues the search. Returns how many bytes of the piece were scanned: all, or those up to the
 * end of the trigger's occurrence. Do not call it again after that. */
size_t matcher_scan(const struct matcher *matcher, struct match_progress *progress,
    const unsigned char *bytes, size_t n);

/* Whether the partial match may become the trigger's occurrence, and not an earlier one. */
bool matcher_may_find(const struct matcher *matcher, const struct match_progress *progress);

#endif
