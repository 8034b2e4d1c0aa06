/* SPDX-License-Identifier: MIT */
/*
 * Ends every child of this process, and their children, who become its own when their parents die
 * (it is a subreaper).
 */
#ifndef RUDEPROXY_APP_EXEC_KILL_DESCENDANTS_H
#define RUDEPROXY_APP_EXEC_KILL_DESCENDANTS_H

/* SIGCHLD is blocked. Returns when no child is left, or when the rest cannot be killed. */
void exec_kill_descendants(void);

#endif
