/* SPDX-License-Identifier: MIT */
/* Child processes: their start and their end. */
#ifndef RUDEPROXY_BASE_PROCESS_H
#define RUDEPROXY_BASE_PROCESS_H

#include <signal.h>
#include <sys/types.h>

#include "proxy/base/must_check.h"

/* Forks with all signals blocked, so that none reaches libuv's handlers in the child: they write to
 * the pipe of our loop. The child keeps them blocked. Our buffered output is written before.
 * `mask`: the signals that were blocked; only they are blocked in the parent again. Returns the
 * same as fork(2). */
MUST_CHECK pid_t process_fork(sigset_t *mask);

/* Waits until a child of ours has ended, also if signals come. */
void process_wait(pid_t pid);

#endif
