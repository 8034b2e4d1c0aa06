/* SPDX-License-Identifier: MIT */
#include "proxy/relay/splice_queue.h"

#include <errno.h>
#include <stdbool.h>

void splice_queue_init(
    struct splice_queue *queue, struct splice_pipe_pool *pool, struct ring_pool *memory)
{
    *queue = (struct splice_queue){.pool = pool, .memory = memory};
}

/* Gives the first pipe back. The bytes in it are dropped. */
static void drop_first(struct splice_queue *queue)
{
    struct splice_pipe *first = queue->first;
    queue->first = first->next;
    if (queue->first == NULL)
        queue->last = NULL;
    queue->count--;
    queue->bytes -= first->bytes;
    queue->memory->held -= first->bytes;
    queue->pool->give(queue->pool, first, first->bytes == 0);
}

void splice_queue_clear(struct splice_queue *queue)
{
    while (queue->first != NULL)
        drop_first(queue);
}

/* Moves bytes into the last pipe. */
static ssize_t fill_last(struct splice_queue *queue, struct endpoint *ep, size_t max)
{
    ssize_t n = endpoint_splice_in(ep, queue->last, max);
    if (n <= 0)
        return n;
    queue->last->bytes += (size_t)n;
    queue->bytes += (size_t)n;
    queue->memory->held += (size_t)n;
    return n;
}

/* Moves bytes into a fresh pipe, which is added if any arrived. */
static ssize_t fill_fresh(struct splice_queue *queue, struct endpoint *ep, size_t max)
{
    struct splice_pipe *fresh =
        queue->count < SPLICE_QUEUE_PIPES_MAX ? queue->pool->take(queue->pool) : NULL;
    if (fresh == NULL)
        return -ENOBUFS;
    struct splice_pipe *before = queue->last;
    fresh->next = NULL;
    fresh->bytes = 0;
    queue->last = fresh;
    ssize_t n = fill_last(queue, ep, max);
    if (n <= 0) {
        queue->last = before;
        queue->pool->give(queue->pool, fresh, true);
        return n;
    }
    queue->count++;
    if (before == NULL)
        queue->first = fresh;
    else
        before->next = fresh;
    return n;
}

/* splice(2) says EAGAIN of an empty socket, and of a full pipe: a fresh pipe tells. */
ssize_t splice_queue_read(struct splice_queue *queue, struct endpoint *ep, size_t max)
{
    const unsigned readable = ep->ready & ENDPOINT_READABLE;
    if (queue->last == NULL)
        return fill_fresh(queue, ep, max);
    if (queue->last->refused)
        return -ENOBUFS;
    ssize_t n = fill_last(queue, ep, max);
    if (n != -EAGAIN || queue->last->bytes == 0)
        return n;
    ep->ready |= readable;
    return fill_fresh(queue, ep, max);
}

ssize_t splice_queue_write(struct splice_queue *queue, struct endpoint *ep, size_t max)
{
    struct splice_pipe *first = queue->first;
    ssize_t n = endpoint_splice_out(ep, first, max < first->bytes ? max : first->bytes);
    if (n <= 0)
        return n;
    first->bytes -= (size_t)n;
    queue->bytes -= (size_t)n;
    queue->memory->held -= (size_t)n;
    if (first->bytes == 0 && queue->count > 1)
        drop_first(queue);
    return n;
}

void splice_queue_drain(struct splice_queue *queue, unsigned char *bytes)
{
    while (queue->first != NULL) {
        struct splice_pipe *first = queue->first;
        size_t n = first->bytes;
        queue->pool->drain(queue->pool, first, bytes, n);
        bytes += n;
        first->bytes = 0;
        queue->bytes -= n;
        queue->memory->held -= n;
        drop_first(queue);
    }
}
