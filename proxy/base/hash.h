/* SPDX-License-Identifier: MIT */
/*
 * A hash table of links that are embedded in their owners. Adding an element allocates no memory
 * for it, and fails only if there is none for the very first buckets. Recover the owner with
 * container_of. The caller distinguishes elements with equal keys.
 *
 * Life: zeroed memory is an empty table; hash_deinit forgets the elements, which belong to their
 * owners.
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

/* Adds a link. Returns 0 or -ENOMEM. */
MUST_CHECK int hash_add(struct hash *hash, struct hash_link *link, uint64_t key);

/* Removes a link that is in the table. */
void hash_remove(struct hash *hash, struct hash_link *link);

/* Returns the first element with this key, and the next one after it. NULL: none. */
struct hash_link *hash_find(const struct hash *hash, uint64_t key);
struct hash_link *hash_find_next(const struct hash_link *link);

/* Continues a hash with these bytes: FNV-1a (Fowler, Noll, Vo), 64 bits. Begin with HASH_BEGIN. */
#define HASH_BEGIN UINT64_C(0xcbf29ce484222325)
uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t n);

/* Hashes a text. `seed` is 0, or the hash of the text before it. */
uint64_t hash_text(uint64_t seed, const char *text);

#endif
