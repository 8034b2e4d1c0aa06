/* SPDX-License-Identifier: MIT */
/*
 * Bytes of a flow that wait in kernel pipes, in order. Bulk data that is forwarded at once needs
 * one pipe, and is gone before the next read. Bytes that a fault delays may need more.
 *
 * Life: splice_queue_init, use, splice_queue_clear (idempotent).
 */
#ifndef RUDEPROXY_RELAY_SPLICE_QUEUE_H
#define RUDEPROXY_RELAY_SPLICE_QUEUE_H

#include <stddef.h>
#include <sys/types.h>

#include "proxy/base/ring.h"
#include "proxy/relay/endpoint.h"
#include "proxy/relay/splice_pipe.h"

/* Most pipes of one queue. A pipe has 256 pages, each of which holds as much
 * as the network driver puts into one: on loopback a pipe holds about 850 kB. */
#define SPLICE_QUEUE_PIPES_MAX 128

struct splice_queue {
    struct splice_pipe_pool *pool;    /* NULL: no splicing */
    struct ring_pool *memory;         /* whose limit counts these bytes too */
    struct splice_pipe *first, *last; /* oldest first; only a single one may be empty */
    unsigned count;                   /* of pipes */
    size_t bytes;                     /* in all pipes */
};

/* Both pools outlive the queue; `pool` may be NULL. */
void splice_queue_init(
    struct splice_queue *queue, struct splice_pipe_pool *pool, struct ring_pool *memory);

/* Drops the bytes, and gives all pipes back. */
void splice_queue_clear(struct splice_queue *queue);

/* Moves up to `max` bytes from the socket behind those of the queue. Returns as recv;
 * -ENOBUFS: there is no pipe for them. */
ssize_t splice_queue_read(struct splice_queue *queue, struct endpoint *ep, size_t max);

/* Moves the oldest bytes to the socket, at most `max`. Returns as send. */
ssize_t splice_queue_write(struct splice_queue *queue, struct endpoint *ep, size_t max);

/* Copies all bytes to memory, and clears the queue. */
void splice_queue_drain(struct splice_queue *queue, unsigned char *bytes);

#endif
