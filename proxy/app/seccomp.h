/* SPDX-License-Identifier: MIT */
/*
 * Forbids system calls that the running program never needs again: to execute a program, to look
 * into other processes, to mount, to load code into the kernel. A seccomp filter (seccomp(2))
 * answers them with EPERM. A proxy reads bytes from strangers. If one of them got control of the
 * proxy, these calls would not work.
 */
#ifndef RUDEPROXY_APP_SECCOMP_H
#define RUDEPROXY_APP_SECCOMP_H

#include "config/config.h"

/* Sets the filter for all threads of the process. Call it once everything is started; a command of
 * exec runs without the filter. Does nothing with `sandbox = off`, or if the kernel or the
 * machine's architecture has no such filter. Returns whether the filter is in force. */
bool seccomp_enter(const struct settings *settings);

#endif
