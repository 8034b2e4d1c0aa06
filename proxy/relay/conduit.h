/* SPDX-License-Identifier: MIT */
/*
 * A kernel pipe through which bulk data moves from socket to socket without being copied to us
 * (splice(2)). Taken when data waits, given back when it is empty: an idle connection has none.
 */
#ifndef RUDEPROXY_RELAY_CONDUIT_H
#define RUDEPROXY_RELAY_CONDUIT_H

#include <stdbool.h>
#include <stddef.h>

struct conduit {
    int fd[2]; /* read end, write end */
};

/* Where conduits come from; implemented by net/. */
struct conduit_pool {
    /* NULL: none to be had, copy instead. */
    struct conduit *(*take)(struct conduit_pool *pool);
    /* `empty`: it holds no bytes and may be used again. */
    void (*give)(struct conduit_pool *pool, struct conduit *conduit, bool empty);
    /* Takes the oldest `n` bytes out of it, which holds so many. */
    void (*drain)(struct conduit_pool *pool, struct conduit *conduit, void *bytes, size_t n);
};

#endif
