/* SPDX-License-Identifier: MIT */
/*
 * A hash table of links that stand inside their owners: nothing is allocated for an element, so that
 * adding one fails only where there is no memory for the very first buckets. Recover the owner with
 * container_of; elements of one key are told apart by the caller.
 *
 * Life: zeroed memory is an empty table; hash_deinit forgets the elements, which are their owners'.
 */
#ifndef RUDEPROXY_BASE_HASH_H
#define RUDEPROXY_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#include "proxy/base/must_check.h"

struct hash_link {
    struct hash_link *next; /* in its bucket */
    uint64_t key;
};

struct hash {
    struct hash_link **buckets; /* owned; a power of two of them, or NULL */
    size_t bucket_count;
    size_t count;
};

void hash_deinit(struct hash *hash);

/* 0 or -ENOMEM. */
MUST_CHECK int hash_add(struct hash *hash, struct hash_link *link, uint64_t key);

/* The link is in the table. */
void hash_remove(struct hash *hash, struct hash_link *link);

/* An element of this key, and another one behind it; NULL: none. */
struct hash_link *hash_find(const struct hash *hash, uint64_t key);
struct hash_link *hash_find_next(const struct hash_link *link);

/* A key made of a text; `seed` is 0, or the key of a text that stands before it. */
uint64_t hash_text(uint64_t seed, const char *text);

#endif
