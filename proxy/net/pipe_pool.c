/* SPDX-License-Identifier: MIT */
/* Pipes kept for reuse, last given first taken: see pipe_pool.h. */
#include "proxy/net/pipe_pool.h"

#include <assert.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "proxy/base/list.h"

static struct conduit *open_conduit(void)
{
    struct conduit *conduit = malloc(sizeof *conduit);
    if (conduit == NULL)
        return NULL;
    if (pipe2(conduit->fd, O_NONBLOCK | O_CLOEXEC) != 0) {
        free(conduit);
        return NULL;
    }
    /* Refused beyond an unprivileged user's allowance: then the pipe stays at its 64 kB. */
    fcntl(conduit->fd[1], F_SETPIPE_SZ, PIPE_POOL_BYTES);
    return conduit;
}

static void close_conduit(struct conduit *conduit)
{
    close(conduit->fd[0]);
    close(conduit->fd[1]);
    free(conduit);
}

static struct conduit *take(struct conduit_pool *pool)
{
    struct pipe_pool *pipes = container_of(pool, struct pipe_pool, pool);
    return pipes->count > 0 ? pipes->kept[--pipes->count] : open_conduit();
}

static void give(struct conduit_pool *pool, struct conduit *conduit, bool empty)
{
    struct pipe_pool *pipes = container_of(pool, struct pipe_pool, pool);
    if (empty && pipes->count < PIPE_POOL_MAX)
        pipes->kept[pipes->count++] = conduit;
    else
        close_conduit(conduit);
}

static void drain(struct conduit_pool *pool, struct conduit *conduit, void *bytes, size_t n)
{
    (void)pool;
    for (size_t done = 0; done < n;) {
        ssize_t got = read(conduit->fd[0], (char *)bytes + done, n - done);
        assert(got > 0); /* what was put into a pipe is there */
        done += (size_t)got;
    }
}

void pipe_pool_init(struct pipe_pool *pool)
{
    *pool = (struct pipe_pool){.pool = {.take = take, .give = give, .drain = drain}};
}

void pipe_pool_deinit(struct pipe_pool *pool)
{
    while (pool->count > 0)
        close_conduit(pool->kept[--pool->count]);
}
