/* SPDX-License-Identifier: MIT */
/*
 * Random faults of any type, made from the tables of the catalogue: each row's kind says how its
 * values look, and the row says their range. A new type needs nothing here; a new kind
 * of value does.
 */
#ifndef RUDEPROXY_TESTS_LIB_RANDOM_FAULT_H
#define RUDEPROXY_TESTS_LIB_RANDOM_FAULT_H

#include <stddef.h>
#include <stdint.h>

#include "config/config.h"

/* How large the values get, within what their rows allow. */
struct random_range {
    uint64_t bytes;
    uint64_t duration_us;
    const char *const *letters; /* that strings are made of, as one writes them; ends with NULL */
    unsigned foreign; /* one in so many faults has keys that mean nothing to its type; 0: none */
};

/* One draw; the next one is another. */
uint64_t random_below(uint64_t *random, uint64_t bound);

/* Writes the lines behind [fault NAME]. Returns their length. Many break a rule between keys. */
size_t random_fault_write(const struct fault_type *type, const struct random_range *range,
    uint64_t *random, char *text, size_t size);

/* Leaves out the keys of the envelope that choose connections or begin at another time. */
size_t random_fault_write_plain(const struct fault_type *type, const struct random_range *range,
    uint64_t *random, char *text, size_t size);

#endif
