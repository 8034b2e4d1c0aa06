/* SPDX-License-Identifier: MIT */
/*
 * Finds the first byte that a fault changes (fault_type.first_changed), and remembers where it has
 * looked: each byte is looked at once, however often edges are computed.
 *
 * Life: all zeros; zeros again when the parameters of the fault change.
 */
#ifndef RUDEPROXY_RELAY_CHANGE_SEARCH_H
#define RUDEPROXY_RELAY_CHANGE_SEARCH_H

#include <stddef.h>
#include <stdint.h>

#include "proxy/fault/fault.h"

/* The fault changes no byte from offset `from` up to offset `to`. */
struct change_search {
    uint64_t from, to;
};

/* Returns the offset of the first of `n` bytes from `offset` that the fault changes, or
 * FAULT_NO_PLACE. `type` has first_changed. */
uint64_t change_search_first(struct change_search *search, const struct fault_type *type,
    const void *params, uint64_t key, uint64_t offset, size_t n);

#endif
