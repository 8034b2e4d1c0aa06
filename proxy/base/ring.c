/* SPDX-License-Identifier: MIT */
/*
 * The ring starts with one block of its worker's pool and doubles up to its limit while a slow
 * receiver lets bytes pile up. When it runs empty the block goes back to the pool; a grown buffer
 * is freed. Emptiness also rewinds the write position to the start of the block, so that traffic
 * that never piles up always uses the same, cached, contiguous memory.
 */
#include "proxy/base/ring.h"

#include <stdlib.h>
#include <string.h>

#include "proxy/base/ensure.h"

/* Memory for `cap` bytes of a ring. Up to RING_BLOCK this is always a whole block, so that a pool
 * holds nothing smaller: see give_memory. NULL: out of memory. */
static void *take_memory(struct ring_pool *pool, size_t cap)
{
    if (cap <= RING_BLOCK && pool->count > 0)
        return pool->blocks[--pool->count];
    return malloc(cap > RING_BLOCK ? cap : RING_BLOCK);
}

/* Takes back what take_memory returned for the same `cap`. */
static void give_memory(struct ring_pool *pool, void *memory, size_t cap)
{
    if (cap <= RING_BLOCK && pool->count < RING_POOL_MAX)
        pool->blocks[pool->count++] = memory;
    else
        free(memory);
}

void ring_pool_deinit(struct ring_pool *pool)
{
    while (pool->count > 0)
        free(pool->blocks[--pool->count]);
}

void ring_init(struct ring *ring, size_t limit, struct ring_pool *pool)
{
    ENSURE(limit > 0);
    memset(ring, 0, sizeof *ring);
    ring->limit = limit;
    ring->pool = pool;
}

static void give_memory_back(struct ring *ring)
{
    if (ring->data == NULL)
        return;
    give_memory(ring->pool, ring->data, ring->cap);
    ring->data = NULL;
    ring->cap = 0;
}

void ring_deinit(struct ring *ring)
{
    give_memory_back(ring);
    ring->head = ring->tail;
}

static size_t index_of(const struct ring *ring, uint64_t offset)
{
    return (size_t)((offset - ring->base) % ring->cap);
}

/* Gives an empty ring memory for `cap` bytes. */
static bool take_first_memory(struct ring *ring, size_t cap)
{
    ring->data = take_memory(ring->pool, cap);
    if (ring->data == NULL)
        return false;
    ring->cap = cap;
    ring->base = ring->tail;
    return true;
}

/* Moves the bytes held to the start of a buffer of twice the size, at most the limit. */
static bool grow(struct ring *ring)
{
    size_t cap = ring->cap > ring->limit / 2 ? ring->limit : ring->cap * 2;
    unsigned char *data = take_memory(ring->pool, cap);
    if (data == NULL)
        return false;
    struct iovec pieces[2];
    size_t copied = 0;
    int count = ring_peek(ring, ring_used(ring), pieces);
    for (int i = 0; i < count; i++) {
        memcpy(data + copied, pieces[i].iov_base, pieces[i].iov_len);
        copied += pieces[i].iov_len;
    }
    give_memory_back(ring);
    ring->data = data;
    ring->cap = cap;
    ring->base = ring->head;
    return true;
}

void *ring_reserve(struct ring *ring, size_t want, size_t *got)
{
    size_t used = ring_used(ring);
    if (want == 0 || used >= ring->limit)
        return NULL;
    size_t first = ring->limit < RING_BLOCK ? ring->limit : RING_BLOCK;
    if (ring->data == NULL && !take_first_memory(ring, first))
        return NULL;
    if (used == ring->cap && !grow(ring))
        return NULL;
    size_t at = index_of(ring, ring->tail);
    size_t room = ring->cap - used;
    size_t piece = ring->cap - at;
    piece = piece < room ? piece : room;
    *got = piece < want ? piece : want;
    return ring->data + at;
}

void *ring_reserve_whole(struct ring *ring, size_t n)
{
    ENSURE(ring->data == NULL && n > 0);
    return take_first_memory(ring, n < ring->limit ? ring->limit : n) ? ring->data : NULL;
}

void ring_commit(struct ring *ring, size_t n)
{
    ENSURE(n <= ring->cap - ring_used(ring));
    ring->tail += n;
    if (ring->head == ring->tail)
        give_memory_back(ring);
}

int ring_peek(const struct ring *ring, size_t max, struct iovec pieces[2])
{
    size_t left = ring_used(ring) < max ? ring_used(ring) : max;
    if (left == 0)
        return 0;
    size_t at = index_of(ring, ring->head);
    size_t first = ring->cap - at < left ? ring->cap - at : left;
    pieces[0] = (struct iovec){.iov_base = ring->data + at, .iov_len = first};
    if (first == left)
        return 1;
    pieces[1] = (struct iovec){.iov_base = ring->data, .iov_len = left - first};
    return 2;
}

void ring_consume(struct ring *ring, size_t n)
{
    ENSURE(n <= ring_used(ring));
    ring->head += n;
    if (ring->head == ring->tail)
        give_memory_back(ring);
}

void ring_forget(struct ring *ring)
{
    ring->tail = ring->head;
    give_memory_back(ring);
}
