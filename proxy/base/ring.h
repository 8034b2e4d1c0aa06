/* SPDX-License-Identifier: MIT */
/*
 * A bounded buffer of bytes with absolute stream offsets: head is the offset of the oldest byte,
 * tail the offset of the next byte to arrive. Memory is allocated when the first byte is expected,
 * grows up to the limit, and is released as soon as the ring is empty. So an idle connection holds
 * none.
 *
 * Life: ring_init, use, ring_deinit (idempotent).
 */
#ifndef RUDEPROXY_BASE_RING_H
#define RUDEPROXY_BASE_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

/* The first size of a ring, and the size of a pool's blocks: enough for one read of a bulk stream.
 * Pages that are never touched cost nothing. */
#define RING_BLOCK (256u * 1024u)
#define RING_POOL_MAX 8 /* blocks kept by a pool: 2 MiB */
/* Bytes that a ring may use if the pool is at its limit: one page, so that every stream makes
 * progress. */
#define RING_LAST_RESORT 4096u

/* Free blocks for reuse, so that a message costs no malloc. One for each worker. */
struct ring_pool {
    void *blocks[RING_POOL_MAX];
    unsigned count;
    size_t most; /* limit of bytes in all rings together; 0: none */
    size_t held; /* bytes that the rings may use now, and those in pipes */
};

struct ring {
    unsigned char *data; /* NULL while empty */
    size_t cap;          /* bytes at data that may be used */
    size_t limit;        /* most bytes to hold */
    uint64_t head, tail; /* offsets; tail - head bytes are held */
    uint64_t base;       /* the offset of data[0], modulo cap */
    struct ring_pool *pool;
};

/* Returns how many more bytes may be held. */
size_t ring_pool_room(const struct ring_pool *pool);
void ring_pool_deinit(struct ring_pool *pool);

/* `limit` is at least 1. The pool outlives the ring. */
void ring_init(struct ring *ring, size_t limit, struct ring_pool *pool);
void ring_deinit(struct ring *ring);

static inline size_t ring_used(const struct ring *ring)
{
    return (size_t)(ring->tail - ring->head);
}

static inline size_t ring_room(const struct ring *ring)
{
    return ring_used(ring) < ring->limit ? ring->limit - ring_used(ring) : 0;
}

/* Returns room for up to `want` contiguous bytes behind tail, and its size in *got (1..want). NULL:
 * the ring is full, the pool is at its limit, or out of memory. */
void *ring_reserve(struct ring *ring, size_t want, size_t *got);

/* Returns room for exactly `n` contiguous bytes, n >= 1, behind tail. `n` may exceed the limits
 * of ring and pool: then nothing more fits until some bytes are consumed. NULL: out of memory. */
void *ring_reserve_whole(struct ring *ring, size_t n);

/* Makes the first `n` reserved bytes part of the ring. 0 is allowed, and releases unused memory. */
void ring_commit(struct ring *ring, size_t n);

/* Sets `pieces` to the oldest bytes, at most `max`. Returns the number of pieces, 0 to 2. */
int ring_peek(const struct ring *ring, size_t max, struct iovec pieces[2]);

/* Removes the oldest n bytes. */
void ring_consume(struct ring *ring, size_t n);

/* Counts `n` bytes of the stream that bypassed an empty ring. */
static inline void ring_skip(struct ring *ring, size_t n)
{
    ring->head += n;
    ring->tail += n;
}

/* Drops all bytes as if they had never arrived: tail returns to head. */
void ring_forget(struct ring *ring);

#endif
