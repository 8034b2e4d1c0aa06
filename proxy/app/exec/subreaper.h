/* SPDX-License-Identifier: MIT */
/*
 * The subreaper of `exec`: a process of its own between us and the command, so that nothing of the
 * command outlives us, whatever happens to either.
 *
 * The subreaper is the command's parent. PR_SET_CHILD_SUBREAPER of prctl(2) also makes it the
 * parent of all processes that the command leaves behind, daemons too. It ends when the command has
 * ended and the last of these processes was killed. It also ends, and kills them, when we are gone:
 * then its socket ends, even if SIGKILL killed us. With keeps_descendants only that ends it.
 *
 * We and the subreaper talk over a SOCK_SEQPACKET pair: one byte from us is a signal for the
 * command, a struct subreaper_report from the subreaper is the fate of the command. SIGCONT also
 * gives the command the terminal, if our group has it.
 */
#ifndef RUDEPROXY_APP_EXEC_SUBREAPER_H
#define RUDEPROXY_APP_EXEC_SUBREAPER_H

#include <signal.h>
#include <stdbool.h>
#include <sys/resource.h>

#include "proxy/app/intercept/netns.h"
#include "proxy/base/must_check.h"

/* The state of the process at its start. The command inherits it; rudeproxy changes its own. */
struct exec_origin {
    struct rlimit descriptors; /* RLIMIT_NOFILE */
    sigset_t ignored;          /* signals that were ignored: nohup's SIGHUP, say */
};

struct subreaper_job {
    char *const *argv;
    char *const *environment;
    const struct exec_origin *origin;
    const struct netns *network; /* that the command enters; NULL: ours */
    bool stays_in_group;   /* the subreaper stays in our process group, by which it is waited for */
    bool prints_on_stderr; /* the command's stdout is our stderr */
    bool keeps_descendants; /* until the caller's end of the pair is closed: a set-up's server */
    /* Filled in by subreaper_start. */
    sigset_t mask; /* of blocked signals, for the command */
    int fd;        /* the subreaper's end of the pair */
    int peer;      /* the caller's end: the subreaper closes its copy, to see the end */
};

enum subreaper_outcome {
    SUBREAPER_FAILED,
    SUBREAPER_ENDED,
    SUBREAPER_STOPPED, /* by Ctrl-Z, say: it goes on when SIGCONT is sent; others may follow */
};

struct subreaper_report {
    enum subreaper_outcome kind;
    /* SUBREAPER_FAILED: errno of the exec; SUBREAPER_ENDED: status as of waitpid(2);
     * SUBREAPER_STOPPED: the signal */
    int value;
};

/* Forks the subreaper. Returns its pid, and in `fd` our end of the pair. The caller closes it, and
 * waits for the subreaper when it has ended. -1 with errno: there is neither. */
MUST_CHECK pid_t subreaper_start(struct subreaper_job *job, int *fd);

#endif
