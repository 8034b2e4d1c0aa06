/* SPDX-License-Identifier: MIT */
/* Pipes kept for reuse, in last-in first-out order. */
#include "proxy/net/pipe_pool.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proxy/base/ensure.h"
#include "proxy/base/list.h"

static struct splice_pipe *open_splice_pipe(void)
{
    struct splice_pipe *splice_pipe = malloc(sizeof *splice_pipe);
    if (splice_pipe == NULL)
        return NULL;
    splice_pipe->refused = false;
    splice_pipe->held = 0;
    if (pipe2(splice_pipe->fd, O_NONBLOCK | O_CLOEXEC) != 0) {
        free(splice_pipe);
        return NULL;
    }
    /* Fails above an unprivileged user's limit: then the pipe keeps the 8 kB that pipe2() gave it
     * (alloc_pipe_info in fs/pipe.c). */
    fcntl(splice_pipe->fd[1], F_SETPIPE_SZ, PIPE_POOL_BYTES);
    return splice_pipe;
}

static void close_splice_pipe(struct splice_pipe *splice_pipe)
{
    close(splice_pipe->fd[0]);
    close(splice_pipe->fd[1]);
    free(splice_pipe);
}

static struct splice_pipe *take(struct splice_pipe_pool *pool)
{
    struct pipe_pool *pipes = container_of(pool, struct pipe_pool, pool);
    if (pipes->refused || pipes->taken == PIPE_POOL_TAKEN_MAX)
        return NULL;
    struct splice_pipe *splice_pipe =
        pipes->count > 0 ? pipes->kept[--pipes->count] : open_splice_pipe();
    pipes->taken += splice_pipe != NULL ? 1 : 0;
    return splice_pipe;
}

/* Closes free pipes beyond `most`. */
static void trim(struct pipe_pool *pipes, unsigned most)
{
    while (pipes->count > most)
        close_splice_pipe(pipes->kept[--pipes->count]);
}

static void give(struct splice_pipe_pool *pool, struct splice_pipe *splice_pipe, bool empty)
{
    struct pipe_pool *pipes = container_of(pool, struct pipe_pool, pool);
    pipes->taken--;
    pipes->refused |= splice_pipe->refused;
    if (empty && !pipes->refused)
        pipes->kept[pipes->count++] = splice_pipe;
    else
        close_splice_pipe(splice_pipe);
    if (pipes->taken == 0)
        trim(pipes, PIPE_POOL_MAX);
}

static void drain(
    struct splice_pipe_pool *pool, struct splice_pipe *splice_pipe, void *bytes, size_t n)
{
    (void)pool;
    size_t done = n < splice_pipe->held ? n : splice_pipe->held;
    splice_pipe_unhold(splice_pipe, bytes, done);
    while (done < n) {
        ssize_t got = read(splice_pipe->fd[0], (char *)bytes + done, n - done);
        ENSURE(got > 0); /* bytes that were put into a pipe can be read at once */
        done += (size_t)got;
    }
}

void splice_pipe_hold(struct splice_pipe *splice_pipe, const void *bytes, size_t n)
{
    memcpy(splice_pipe->held_bytes, bytes, n);
    splice_pipe->held = n;
}

void splice_pipe_unhold(struct splice_pipe *splice_pipe, void *bytes, size_t n)
{
    if (bytes != NULL)
        memcpy(bytes, splice_pipe->held_bytes, n);
    splice_pipe->held -= n;
    memmove(splice_pipe->held_bytes, splice_pipe->held_bytes + n, splice_pipe->held);
}

void pipe_pool_init(struct pipe_pool *pool)
{
    *pool = (struct pipe_pool){.pool = {.take = take, .give = give, .drain = drain}};
}

void pipe_pool_deinit(struct pipe_pool *pool)
{
    trim(pool, 0);
}
