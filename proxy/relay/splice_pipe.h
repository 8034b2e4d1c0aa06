/* SPDX-License-Identifier: MIT */
/*
 * A kernel pipe through which bulk data moves from socket to socket without being copied to us
 * (splice(2)). Taken when data waits, given back when it is empty: an idle connection has none.
 */
#ifndef RUDEPROXY_RELAY_SPLICE_PIPE_H
#define RUDEPROXY_RELAY_SPLICE_PIPE_H

#include <stdbool.h>
#include <stddef.h>

/* Room for bytes that splice(2) does not take: no more than the smallest pipe holds (pipe(7)). */
#define SPLICE_PIPE_HELD_MAX 4096

struct splice_pipe {
    int fd[2];    /* read end, write end */
    bool refused; /* splice(2) does not work here: copy from now on */
    size_t held;  /* bytes in held_bytes; they come before those in the pipe */
    char held_bytes[SPLICE_PIPE_HELD_MAX];
};

/* Where pipes come from; implemented by net/. */
struct splice_pipe_pool {
    /* NULL: none to be had, copy instead. */
    struct splice_pipe *(*take)(struct splice_pipe_pool *pool);
    /* `empty`: it holds no bytes and may be used again. */
    void (*give)(struct splice_pipe_pool *pool, struct splice_pipe *splice_pipe, bool empty);
    /* Takes the oldest `n` bytes out of it, which holds so many. */
    void (*drain)(
        struct splice_pipe_pool *pool, struct splice_pipe *splice_pipe, void *bytes, size_t n);
};

#endif
