/* SPDX-License-Identifier: MIT */
/*
 * The command of `exec`, seen from the loop: started, signalled, waited for. The subreaper does the
 * work (subreaper.h).
 *
 * Life: exec_remember at the start of the program, exec_start, the loop runs, on_over, exec_close.
 */
#ifndef RUDEPROXY_APP_EXEC_EXEC_H
#define RUDEPROXY_APP_EXEC_EXEC_H

#include <uv.h>

#include "proxy/app/exec/subreaper.h"
#include "proxy/base/err.h"
#include "proxy/base/must_check.h"

struct exec {
    uv_poll_t poll; /* of fd */
    int fd;         /* our end of the pair; -1: not started, or over */
    pid_t subreaper;
    bool stays_in_group; /* as of struct subreaper_job; set before exec_start, like on_over */
    const char *name;    /* of the command */
    bool told;           /* it was sent another signal than SIGCONT or SIGHUP: it is to end */
    bool executed;       /* the command was started, and is over */
    int wait_status;     /* if executed: as of waitpid(2) */
    int status;          /* to exit with: the command's, 128 + signal, 126, 127 */
    void (*on_over)(struct exec *exec); /* called when all that the command started is gone */
};

/* Remembers the state that the command inherits. Call it before that state is changed. Sets SIGCHLD
 * to its default: if our parent had it ignored, we could not wait for children. */
void exec_remember(struct exec_origin *origin);

/* Starts the command. `network`: the one that the command enters; NULL: ours. argv and environment
 * may be freed afterwards, but the text of argv[0] must outlive `exec`. Returns 0, or -1 with err
 * filled. If the command cannot be executed, on_over is called, with `status` 126 or 127. */
MUST_CHECK int exec_start(struct exec *exec, uv_loop_t *loop, char *const *argv,
    char *const *environment, const struct exec_origin *origin, const struct netns *network,
    struct err *err);

/* Passes a signal on to the command's process group. */
void exec_signal(struct exec *exec, int signum);

bool exec_is_over(const struct exec *exec);

/* Kills the command and everything it started, if they still run. Call it only after exec_start
 * succeeded. */
void exec_close(struct exec *exec);

#endif
