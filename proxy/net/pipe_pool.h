/* SPDX-License-Identifier: MIT */
/*
 * Kernel pipes for relay/splice_pipe.h. There is one pool for each worker, because a pipe costs two
 * descriptors and up to PIPE_POOL_BYTES of the user's limit (pipe(7), pipe-user-pages-soft). Pipes
 * exist only for flows with bulk data pending, at most PIPE_POOL_TAKEN_MAX. Free ones are kept
 * while any flow has a pipe: a flow that delays its bytes takes and gives dozens in each burst.
 * When the last is given back, PIPE_POOL_MAX are kept.
 *
 * Life: pipe_pool_init, used by sessions, pipe_pool_deinit when every pipe was given back.
 */
#ifndef RUDEPROXY_NET_PIPE_POOL_H
#define RUDEPROXY_NET_PIPE_POOL_H

#include "proxy/relay/splice_pipe.h"

#define PIPE_POOL_MAX 16
#define PIPE_POOL_TAKEN_MAX 256
#define PIPE_POOL_BYTES (1024 * 1024) /* measured best of 64k, 256k, 1M and 4M */

struct pipe_pool {
    struct splice_pipe_pool pool;
    struct splice_pipe *kept[PIPE_POOL_TAKEN_MAX];
    unsigned count;
    unsigned taken; /* by flows now */
    bool refused;   /* splice(2) does not work here: no pipes are given any more */
};

/* Holds bytes beside an empty pipe, at most SPLICE_PIPE_HELD_MAX. The other call takes the oldest
 * `n` held bytes into `bytes`, or drops them if that is NULL. */
void splice_pipe_hold(struct splice_pipe *splice_pipe, const void *bytes, size_t n);
void splice_pipe_unhold(struct splice_pipe *splice_pipe, void *bytes, size_t n);

void pipe_pool_init(struct pipe_pool *pool);
void pipe_pool_deinit(struct pipe_pool *pool);

#endif
