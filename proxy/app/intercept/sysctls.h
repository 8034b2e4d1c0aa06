/* SPDX-License-Identifier: MIT */
/*
 * Settings of the kernel that belong to a network namespace and that a program can notice: which
 * ports it may bind, timeouts, sizes of buffers (ip-sysctl.rst in the kernel's
 * Documentation/networking). A new namespace has the kernel's defaults. These functions copy the
 * machine's settings into it.
 */
#ifndef RUDEPROXY_APP_INTERCEPT_SYSCTLS_H
#define RUDEPROXY_APP_INTERCEPT_SYSCTLS_H

#define SYSCTL_COUNT 34

/* Bytes of a value. A longer value is not copied: a long list of reserved ports, say. */
#define SYSCTL_SIZE 256

struct sysctls {
    char values[SYSCTL_COUNT][SYSCTL_SIZE]; /* "": unknown */
};

/* Reads the settings of the network in which the calling process is. */
void sysctls_read(struct sysctls *sysctls);

/* Writes the settings that differ into the network in which the calling process is now. A setting
 * stays as it is if the kernel refuses it: in a container /proc/sys may be read-only. */
void sysctls_write(const struct sysctls *sysctls);

#endif
