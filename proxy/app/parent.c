/* SPDX-License-Identifier: MIT */
/*
 * The parent is watched by a pidfd, which becomes readable when the process ends (pidfd_open(2)).
 * PR_SET_PDEATHSIG is not enough: it fires when the thread that started us ends (prctl(2)), and
 * test runners start programs from threads of a pool.
 */
#include "proxy/app/parent.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "proxy/base/list.h"

static void on_readable(uv_poll_t *poll, int status, int events)
{
    struct parent_watch *watch = container_of(poll, struct parent_watch, poll);
    (void)status;
    (void)events;
    uv_poll_stop(poll);
    watch->on_parent_end(watch);
}

int parent_watch_start(struct parent_watch *watch, uv_loop_t *loop, pid_t parent, struct err *err)
{
    /* A parent outside of our PID namespace has the number 0: its end cannot be seen. */
    if (parent == 0)
        return err_set(err, "--die-with-parent: the parent is outside of this container");
    /* A parent that has ended already has left us to another process. */
    watch->fd = getppid() == parent ? (int)syscall(SYS_pidfd_open, parent, 0) : -1;
    if (watch->fd < 0)
        return err_set(err, "--die-with-parent: %s",
            getppid() == parent ? strerror(errno) : "the parent has ended already");
    uv_poll_init(loop, &watch->poll, watch->fd);
    uv_poll_start(&watch->poll, UV_READABLE, on_readable);
    watch->started = true;
    return 0;
}

void parent_watch_close(struct parent_watch *watch)
{
    if (!watch->started)
        return;
    uv_close((uv_handle_t *)&watch->poll, NULL);
    close(watch->fd);
    watch->started = false;
}
