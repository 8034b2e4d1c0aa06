/* SPDX-License-Identifier: MIT */
/*
 * --die-with-parent: reports the end of the process that started us, whatever ended that process.
 *
 * Life: parent_watch_start, then parent_watch_close before the loop is closed.
 */
#ifndef RUDEPROXY_APP_PARENT_H
#define RUDEPROXY_APP_PARENT_H

#include <stdbool.h>
#include <sys/types.h>
#include <uv.h>

#include "proxy/base/err.h"
#include "proxy/base/must_check.h"

struct parent_watch {
    uv_poll_t poll;
    bool started;
    int fd;                                            /* of the process, see pidfd_open(2) */
    void (*on_parent_end)(struct parent_watch *watch); /* from the loop, once */
};

/* `parent`: the result of getppid() when the program began. `watch` is all zeros except its
 * callback. Returns 0, or -1 with err filled and nothing to close. */
MUST_CHECK int parent_watch_start(
    struct parent_watch *watch, uv_loop_t *loop, pid_t parent, struct err *err);

/* Does nothing for a watch that was not started. */
void parent_watch_close(struct parent_watch *watch);

#endif
