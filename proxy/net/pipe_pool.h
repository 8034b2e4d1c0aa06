/* SPDX-License-Identifier: MIT */
/*
 * Pipes of the kernel for relay/splice_pipe.h. One pool for each worker, because a pipe costs
 * two descriptors and up to PIPE_POOL_BYTES of the user's allowance (pipe(7), pipe-user-pages-soft):
 * as many exist as flows have bulk data under way at one moment, and at most PIPE_POOL_MAX are kept.
 *
 * Life: pipe_pool_init, handed to sessions, pipe_pool_deinit when every pipe was given back.
 */
#ifndef RUDEPROXY_NET_PIPE_POOL_H
#define RUDEPROXY_NET_PIPE_POOL_H

#include "proxy/relay/splice_pipe.h"

#define PIPE_POOL_MAX 16
#define PIPE_POOL_BYTES (1024 * 1024) /* measured best of 64k, 256k, 1M and 4M */

struct pipe_pool {
    struct splice_pipe_pool pool;
    struct splice_pipe *kept[PIPE_POOL_MAX];
    unsigned count;
    bool refused; /* splice(2) does not work here: there are no pipes any more */
};

/* Holds bytes beside an empty pipe, at most SPLICE_PIPE_HELD_MAX; takes the oldest `n` of those held,
 * into `bytes` unless that is NULL. */
void splice_pipe_hold(struct splice_pipe *splice_pipe, const void *bytes, size_t n);
void splice_pipe_unhold(struct splice_pipe *splice_pipe, void *bytes, size_t n);

void pipe_pool_init(struct pipe_pool *pool);
void pipe_pool_deinit(struct pipe_pool *pool);

#endif
