/* SPDX-License-Identifier: MIT */
/*
 * The guard of `exec`: a process of its own between us and the command, so that nothing of the
 * command outlives us, whatever happens to either.
 *
 * The guard is the command's parent and, as a subreaper (PR_SET_CHILD_SUBREAPER), becomes the
 * parent of everything that the command leaves behind, daemons too. It ends when the command has
 * ended and the last of those was killed; or when we are gone, which it learns from the end of its
 * socket, also if we were killed with SIGKILL.
 *
 * We and the guard talk over a SOCK_SEQPACKET pair: one byte from us is a signal for the
 * command, a struct guard_report from the guard says what became of it.
 */
#ifndef RUDEPROXY_APP_EXEC_GUARD_H
#define RUDEPROXY_APP_EXEC_GUARD_H

#include <signal.h>
#include <stdbool.h>
#include <sys/resource.h>

#include "proxy/app/intercept/holder.h"

/* The state of the process at its start. The command inherits it; rudeproxy changes its own. */
struct exec_origin {
    struct rlimit descriptors; /* RLIMIT_NOFILE */
    sigset_t ignored;          /* signals that were ignored: nohup's SIGHUP, say */
};

struct guard_job {
    char *const *argv;
    char *const *environment;
    const struct exec_origin *origin;
    const struct holder *network; /* that the command enters; NULL: ours */
    sigset_t mask;                /* of blocked signals, for the command; guard_start fills it in */
    int fd;                       /* the guard's end of the pair */
};

enum guard_outcome { GUARD_FAILED, GUARD_ENDED };

struct guard_report {
    enum guard_outcome kind;
    int value; /* GUARD_FAILED: errno of the exec; GUARD_ENDED: status as of waitpid(2) */
};

/* Forks the guard. Returns its pid, or -1 with errno of fork(2). The caller closes job->fd, and
 * waits for the guard when its own end of the pair has ended. */
pid_t guard_start(struct guard_job *job);

#endif
