/* SPDX-License-Identifier: MIT */
/*
 * One socket as the relay sees it: a set of calls and a set of readiness hints. net/ implements
 * it on the kernel; tests implement it in memory.
 *
 * Readiness is edge-triggered: the implementation sets hints when something changes and wakes the
 * session; the wrappers below clear a hint when a call says EAGAIN. A hint may be stale, never
 * missing.
 *
 * Life: created by the connection that owns it, passed to the session, closed exactly once by the
 * session through endpoint_close; its memory stays with the owner.
 */
#ifndef RUDEPROXY_RELAY_ENDPOINT_H
#define RUDEPROXY_RELAY_ENDPOINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "proxy/fault/fault.h"
#include "proxy/relay/splice_pipe.h"

enum {
    ENDPOINT_READABLE = 1 << 0, /* bytes, a FIN or an error may be read */
    ENDPOINT_WRITABLE = 1 << 1,
    ENDPOINT_URGENT = 1 << 2, /* urgent data has arrived: check the mark before a read (sticky) */
    ENDPOINT_ERROR = 1 << 3,  /* the socket has, or had, a pending error: a RST (sticky) */
    ENDPOINT_HANGUP = 1 << 4, /* the peer has closed: no byte follows the queued ones (sticky) */
    /* UNIX sockets: the peer has closed both ways (sticky); TCP cannot tell this from a
     * half-close. */
    ENDPOINT_GONE = 1 << 5,
};

/* The ways to close a socket. */
enum endpoint_close {
    ENDPOINT_CLOSE_PLAIN,     /* close(): FIN, or RST if bytes are unread */
    ENDPOINT_CLOSE_RESET,     /* SO_LINGER {1,0}, close(): RST, both queues dropped (tcp(7)) */
    ENDPOINT_CLOSE_VANISH,    /* TCP_REPAIR, close(): nothing is sent */
    ENDPOINT_CLOSE_FIN_RESET, /* TCP_LINGER2 = -1, close(): FIN, RST when it is acknowledged */
};

/* Packet filters attached to one socket at a time. */
#define ENDPOINT_FILTERS_MAX 4

struct endpoint;

/* All calls are non-blocking; errors are negative errno values. */
struct endpoint_ops {
    /* > 0 bytes, 0 at the FIN. Never crosses an urgent mark. */
    ssize_t (*recv)(struct endpoint *ep, void *buf, size_t size);
    /* Like recv, but the bytes stay in the socket (MSG_PEEK). */
    ssize_t (*peek)(struct endpoint *ep, void *buf, size_t size);
    /* Reads and drops at most `max` bytes; results as recv. */
    ssize_t (*discard)(struct endpoint *ep, size_t max);
    /* `whole`: later bytes do not share a segment with these (MSG_EOR). */
    ssize_t (*send)(struct endpoint *ep, const struct iovec *pieces, int count, bool whole);
    /* Moves up to `max` bytes between the socket and a pipe (splice(2)); results as recv and
     * send. */
    ssize_t (*splice_in)(struct endpoint *ep, struct splice_pipe *splice_pipe, size_t max);
    ssize_t (*splice_out)(struct endpoint *ep, struct splice_pipe *splice_pipe, size_t max);
    /* Sends one byte as urgent data (MSG_OOB). 1 or negative errno. */
    ssize_t (*send_urgent)(struct endpoint *ep, unsigned char byte);
    /* Whether the next byte to read is the urgent one (sockatmark(3)). */
    bool (*at_urgent_mark)(struct endpoint *ep);
    int (*shutdown_write)(struct endpoint *ep);
    /* Only of UNIX sockets: the peer's next send fails with EPIPE. A TCP peer would learn
     * nothing. */
    void (*shutdown_read)(struct endpoint *ep);
    /* Returns the number of unread bytes (FIONREAD). */
    size_t (*unread)(struct endpoint *ep);
    /* Whether the receive buffer is so full that the peer cannot send more. May return false if the
     * kernel does not tell. */
    bool (*is_full)(struct endpoint *ep);
    /* Returns the bytes sent or queued and not acknowledged (SIOCOUTQ); a FIN counts as one. 0
     * after the peer's reset: then there is nothing to wait for. */
    size_t (*unacked)(struct endpoint *ep);
    /* Takes the pending error (SO_ERROR is one-shot): 0 or a positive errno. */
    int (*take_error)(struct endpoint *ep);
    /* Sets which arriving segments are lost from now on; count 0: none. At most
     * ENDPOINT_FILTERS_MAX. */
    /* 0 or -errno; after a failure the filters of before are kept. */
    int (*set_filters)(struct endpoint *ep, const struct packet_filter *filters, unsigned count);
    /* Asks the peer whether it is still there when it has been silent for so long, and again and
     * again. If it is not: ENDPOINT_ERROR, or ENDPOINT_GONE. */
    void (*probe)(struct endpoint *ep, unsigned after_s);
    void (*close)(struct endpoint *ep, enum endpoint_close how);
};

struct endpoint {
    const struct endpoint_ops *ops;
    unsigned ready; /* ENDPOINT_* hints */
    /* False: a UNIX socket, where SO_LINGER does nothing and the only reset is a close() with
     * unread bytes. */
    bool can_reset;
};

static inline bool endpoint_readable(const struct endpoint *ep)
{
    return (ep->ready & ENDPOINT_READABLE) != 0;
}

static inline bool endpoint_writable(const struct endpoint *ep)
{
    return (ep->ready & ENDPOINT_WRITABLE) != 0;
}

/* A read that returned less than requested has emptied the queue, and the next arrival raises a new
 * edge, so no second call is needed to get EAGAIN. This does not hold if a FIN or an error follows
 * the bytes: its edge may already be past. */
static inline void endpoint_note_read(struct endpoint *ep, ssize_t n, size_t asked)
{
    const unsigned more = ENDPOINT_ERROR | ENDPOINT_HANGUP | ENDPOINT_URGENT;
    if (n < 0 || ((size_t)n < asked && n > 0 && (ep->ready & more) == 0))
        ep->ready &= ~(unsigned)ENDPOINT_READABLE;
}

static inline ssize_t endpoint_recv(struct endpoint *ep, void *buf, size_t size)
{
    ssize_t n = ep->ops->recv(ep, buf, size);
    endpoint_note_read(ep, n, size);
    return n;
}

static inline ssize_t endpoint_discard(struct endpoint *ep, size_t max)
{
    ssize_t n = ep->ops->discard(ep, max);
    endpoint_note_read(ep, n, max);
    return n;
}

static inline ssize_t endpoint_note_write(struct endpoint *ep, ssize_t n)
{
    if (n < 0)
        ep->ready &= ~(unsigned)ENDPOINT_WRITABLE;
    return n;
}

static inline ssize_t endpoint_send(
    struct endpoint *ep, const struct iovec *pieces, int count, bool whole)
{
    return endpoint_note_write(ep, ep->ops->send(ep, pieces, count, whole));
}

/* A short result says nothing about the queue, because the pipe may be full. */
static inline ssize_t endpoint_splice_in(
    struct endpoint *ep, struct splice_pipe *splice_pipe, size_t max)
{
    ssize_t n = ep->ops->splice_in(ep, splice_pipe, max);
    if (n < 0)
        ep->ready &= ~(unsigned)ENDPOINT_READABLE;
    return n;
}

static inline ssize_t endpoint_splice_out(
    struct endpoint *ep, struct splice_pipe *splice_pipe, size_t max)
{
    return endpoint_note_write(ep, ep->ops->splice_out(ep, splice_pipe, max));
}

static inline ssize_t endpoint_send_urgent(struct endpoint *ep, unsigned char byte)
{
    return endpoint_note_write(ep, ep->ops->send_urgent(ep, byte));
}

#endif
