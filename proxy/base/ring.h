/* SPDX-License-Identifier: MIT */
/*
 * A bounded buffer of bytes addressed by their absolute offset in a stream: head is the offset of
 * the oldest byte held, tail the offset of the next byte to come. Memory is taken when the first
 * byte is expected, grows up to the limit, and is given back as soon as the ring is empty, so an
 * idle connection holds none.
 *
 * Life: ring_init, use, ring_deinit (idempotent).
 */
#ifndef RUDEPROXY_BASE_RING_H
#define RUDEPROXY_BASE_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

/* What a ring starts with, and what a pool keeps: enough for one read of a bulk stream. Pages that are
 * never touched cost nothing. */
#define RING_BLOCK (256u * 1024u)
#define RING_POOL_MAX 8 /* blocks kept by a pool: 2 MiB */
/* What a ring may use where the pool has no memory left: a page, so that every stream goes on. */
#define RING_LAST_RESORT 4096u

/* Blocks ready for reuse, so that a message costs no malloc. One per worker. */
struct ring_pool {
    void *blocks[RING_POOL_MAX];
    unsigned count;
    size_t most; /* bytes that its rings may hold together; 0: no bound */
    size_t held; /* bytes that they may use now */
};

struct ring {
    unsigned char *data; /* NULL while empty */
    size_t cap;          /* bytes at data that may be used */
    size_t limit;        /* most bytes ever held */
    uint64_t head, tail; /* offsets; tail - head bytes are held */
    uint64_t base;       /* the offset that data[0] stands for, modulo cap */
    struct ring_pool *pool;
};

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

/* Room for up to `want` bytes in one piece behind tail: its address, and its size in `*got`
 * (1..want). NULL when the ring is full, when the pool has no memory for more, or out of memory. */
void *ring_reserve(struct ring *ring, size_t want, size_t *got);

/* Room for exactly `n` bytes in one piece; the ring is empty, and n at least 1. It may be more than the
 * limit: then nothing more fits until some are gone. NULL: out of memory. */
void *ring_reserve_whole(struct ring *ring, size_t n);

/* The first `n` bytes reserved now hold data. 0 is allowed: gives unused memory back. */
void ring_commit(struct ring *ring, size_t n);

/* The oldest bytes, at most `max`, as one or two pieces. Returns the number of pieces. */
int ring_peek(const struct ring *ring, size_t max, struct iovec pieces[2]);

/* Forgets the oldest n bytes. */
void ring_consume(struct ring *ring, size_t n);

/* `n` bytes of the stream went past an empty ring. */
static inline void ring_skip(struct ring *ring, size_t n)
{
    ring->head += n;
    ring->tail += n;
}

/* Drops all bytes held, as if they had never come: tail goes back to head. */
void ring_forget(struct ring *ring);

#endif
