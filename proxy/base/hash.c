/* SPDX-License-Identifier: MIT */
/*
 * Chained buckets, which double as the table grows. Without memory for more buckets the chains get
 * longer.
 */
#include "proxy/base/hash.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_BUCKETS 64

void hash_deinit(struct hash *hash)
{
    free(hash->buckets);
    *hash = (struct hash){0};
}

static struct hash_link **bucket_of(const struct hash *hash, uint64_t key)
{
    return &hash->buckets[(size_t)key & (hash->bucket_count - 1)];
}

static void hash_put(struct hash *hash, struct hash_link *link)
{
    struct hash_link **bucket = bucket_of(hash, link->key);
    link->next = *bucket;
    *bucket = link;
}

static void hash_grow(struct hash *hash)
{
    size_t count = hash->bucket_count == 0 ? FIRST_BUCKETS : 2 * hash->bucket_count;
    struct hash_link **buckets = calloc(count, sizeof(struct hash_link *));
    struct hash old = *hash;
    if (buckets == NULL)
        return;
    hash->buckets = buckets;
    hash->bucket_count = count;
    for (size_t i = 0; i < old.bucket_count; i++) {
        for (struct hash_link *link = old.buckets[i], *next; link != NULL; link = next) {
            next = link->next;
            hash_put(hash, link);
        }
    }
    free(old.buckets);
}

int hash_add(struct hash *hash, struct hash_link *link, uint64_t key)
{
    if (hash->count >= hash->bucket_count)
        hash_grow(hash);
    if (hash->buckets == NULL)
        return -ENOMEM;
    link->key = key;
    hash_put(hash, link);
    hash->count++;
    return 0;
}

void hash_remove(struct hash *hash, struct hash_link *link)
{
    struct hash_link **at = bucket_of(hash, link->key);
    while (*at != link)
        at = &(*at)->next;
    *at = link->next;
    hash->count--;
}

struct hash_link *hash_find(const struct hash *hash, uint64_t key)
{
    if (hash->buckets == NULL)
        return NULL;
    struct hash_link *link = *bucket_of(hash, key);
    while (link != NULL && link->key != key)
        link = link->next;
    return link;
}

struct hash_link *hash_find_next(const struct hash_link *link)
{
    uint64_t key = link->key;
    struct hash_link *next = link->next;
    while (next != NULL && next->key != key)
        next = next->next;
    return next;
}

uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t n)
{
    const unsigned char *p = bytes;
    for (size_t i = 0; i < n; i++)
        hash = (hash ^ p[i]) * UINT64_C(0x100000001b3);
    return hash;
}

/* An extra byte ends each text, so that ("ab", "c") and ("a", "bc") differ. */
uint64_t hash_text(uint64_t seed, const char *text)
{
    return hash_bytes(hash_bytes(seed ^ HASH_BEGIN, text, strlen(text)), "\xff", 1);
}
