/* SPDX-License-Identifier: MIT */
/*
 * A kernel pipe through which bulk data moves between sockets without a copy to user space
 * (splice(2)). It is taken when data is pending and given back when it is empty: an idle connection
 * has none.
 */
#ifndef RUDEPROXY_RELAY_SPLICE_PIPE_H
#define RUDEPROXY_RELAY_SPLICE_PIPE_H

#include <stdbool.h>
#include <stddef.h>

/* Room for bytes that splice(2) does not move: at most what the smallest pipe holds (pipe(7)). */
#define SPLICE_PIPE_HELD_MAX 4096

struct splice_pipe {
    int fd[2];                /* read end, write end */
    bool refused;             /* splice(2) does not work here: copy from now on */
    size_t held;              /* bytes in held_bytes; they come before those in the pipe */
    size_t bytes;             /* of all; counted by its queue */
    struct splice_pipe *next; /* in its queue */
    char held_bytes[SPLICE_PIPE_HELD_MAX];
};

/* The owner of pipes; implemented by net/. */
struct splice_pipe_pool {
    /* Returns a pipe, or NULL: copy instead. */
    struct splice_pipe *(*take)(struct splice_pipe_pool *pool);
    /* `empty`: the pipe holds no bytes and can be reused. */
    void (*give)(struct splice_pipe_pool *pool, struct splice_pipe *splice_pipe, bool empty);
    /* Removes the oldest `n` bytes; the pipe holds at least that many. */
    void (*drain)(
        struct splice_pipe_pool *pool, struct splice_pipe *splice_pipe, void *bytes, size_t n);
};

#endif
