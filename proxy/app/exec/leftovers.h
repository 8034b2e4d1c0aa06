/* SPDX-License-Identifier: MIT */
/*
 * Ends every child of this process, and their children, who become its own when their parents die
 * (it is a subreaper).
 */
#ifndef RUDEPROXY_APP_EXEC_LEFTOVERS_H
#define RUDEPROXY_APP_EXEC_LEFTOVERS_H

/* SIGCHLD is blocked. Returns when no child is left, or when the rest cannot be killed. */
void exec_leftovers_kill(void);

#endif
