/* SPDX-License-Identifier: MIT */
/*
 * Kills every child of this process, and their children. Those become children of this process when
 * their parents die, because it is a subreaper.
 */
#ifndef RUDEPROXY_APP_EXEC_KILL_DESCENDANTS_H
#define RUDEPROXY_APP_EXEC_KILL_DESCENDANTS_H

/* SIGCHLD must be blocked. Returns when no child is left, or after 5 seconds if some cannot be
 * killed. */
void exec_kill_descendants(void);

#endif
