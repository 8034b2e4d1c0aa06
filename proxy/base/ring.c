/* SPDX-License-Identifier: MIT */
/*
 * The ring starts with one block of its worker's pool, and doubles up to its limit while a slow
 * receiver or a delay lets bytes accumulate. An empty ring returns its block to the pool, and frees
 * a grown buffer. Emptiness also moves the write position to the start of the block, so that
 * traffic without a backlog always uses the same, cached, contiguous memory.
 */
#include "proxy/base/ring.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/base/ensure.h"
#include "proxy/base/min.h"

/* Returns memory for `cap` bytes of a ring. Up to RING_BLOCK this is always a whole block, so a
 * pool holds only whole blocks. NULL: out of memory. */
static void *take_memory(struct ring_pool *pool, size_t cap)
{
    bool from_pool = cap <= RING_BLOCK && pool->count > 0;
    void *memory =
        from_pool ? pool->blocks[--pool->count] : malloc(cap > RING_BLOCK ? cap : RING_BLOCK);
    if (memory != NULL)
        pool->held += cap;
    return memory;
}

/* Releases what take_memory returned for the same `cap`. */
static void give_memory(struct ring_pool *pool, void *memory, size_t cap)
{
    pool->held -= cap;
    if (cap <= RING_BLOCK && pool->count < RING_POOL_MAX)
        pool->blocks[pool->count++] = memory;
    else
        free(memory);
}

size_t ring_pool_room(const struct ring_pool *pool)
{
    if (pool->most == 0)
        return SIZE_MAX;
    return pool->held < pool->most ? pool->most - pool->held : 0;
}

/* Whether the rings of the pool may use `bytes` more. */
static bool has_room(const struct ring_pool *pool, size_t bytes)
{
    return bytes <= ring_pool_room(pool);
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

/* Gives memory for `cap` bytes to an empty ring. */
static bool take_first_memory(struct ring *ring, size_t cap)
{
    ring->data = take_memory(ring->pool, cap);
    if (ring->data == NULL)
        return false;
    ring->cap = cap;
    ring->base = ring->tail;
    return true;
}

/* Grows a buffer that is no block of the pool with mremap(2), which moves its pages. The ring is
 * full: the bytes before head move behind the last ones, as far as there is room. */
static bool stretch(struct ring *ring, size_t cap)
{
    size_t old = ring->cap, head = index_of(ring, ring->head);
    unsigned char *data = realloc(ring->data, cap);
    if (data == NULL)
        return false;
    size_t behind = head < cap - old ? head : cap - old;
    memcpy(data + old, data, behind);
    memmove(data, data + behind, head - behind);
    ring->pool->held += cap - old;
    ring->data = data;
    ring->cap = cap;
    ring->base = ring->head - head;
    return true;
}

/* Copies the bytes of the ring into a larger buffer. */
static bool move(struct ring *ring, size_t cap)
{
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

/* Doubles the size, up to the limit, if the pool allows it. */
static bool ring_grow(struct ring *ring)
{
    size_t cap = ring->cap > ring->limit / 2 ? ring->limit : ring->cap * 2;
    if (!has_room(ring->pool, cap - ring->cap))
        return false;
    return ring->cap > RING_BLOCK ? stretch(ring, cap) : move(ring, cap);
}

void *ring_reserve(struct ring *ring, size_t want, size_t *got)
{
    size_t used = ring_used(ring);
    if (want == 0 || used >= ring->limit)
        return NULL;
    size_t first = min_size(ring->limit, RING_BLOCK);
    if (ring->data == NULL && first > RING_LAST_RESORT && !has_room(ring->pool, first))
        first = RING_LAST_RESORT;
    if (ring->data == NULL && !take_first_memory(ring, first))
        return NULL;
    if (used == ring->cap && !ring_grow(ring))
        return NULL;
    size_t at = index_of(ring, ring->tail);
    size_t room = ring->cap - used;
    *got = min_size(want, min_size(ring->cap - at, room));
    return ring->data + at;
}

void *ring_reserve_whole(struct ring *ring, size_t n)
{
    size_t least = min_size(ring->limit, RING_BLOCK);
    size_t used = ring_used(ring), cap = used + n < least ? least : used + n;
    ENSURE(n > 0);
    if (!(ring->data == NULL ? take_first_memory(ring, cap) : move(ring, cap)))
        return NULL;
    return ring->data + used;
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
    size_t left = min_size(ring_used(ring), max);
    if (left == 0)
        return 0;
    size_t at = index_of(ring, ring->head);
    size_t first = min_size(ring->cap - at, left);
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
