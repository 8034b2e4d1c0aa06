/* SPDX-License-Identifier: MIT */
/*
 * Takes from the running program what it never needs again: to become another program, to look into
 * other processes, to mount, to load into the kernel. A proxy reads bytes from strangers; if one of
 * them ever got control of it, these doors are shut. A seccomp filter (seccomp(2)) answers those
 * calls with EPERM.
 */
#ifndef RUDEPROXY_APP_SECCOMP_H
#define RUDEPROXY_APP_SECCOMP_H

#include "config/config.h"

/* For all threads of the process, once everything is started; a command of exec runs outside. With
 * `sandbox = off`, and where the kernel or the machine's architecture does not have it, it does
 * nothing. Returns whether the filter is in force. */
bool seccomp_enter(const struct settings *settings);

#endif
