/* SPDX-License-Identifier: MIT */
/*
 * Settings of the kernel that belong to a network namespace and that a program can notice: which
 * ports it may bind, timeouts, sizes of buffers (ip-sysctl.rst in the kernel's
 * Documentation/networking). A new namespace has the kernel's defaults, and the command shall have
 * the machine's.
 */
#ifndef RUDEPROXY_APP_INTERCEPT_SYSCTLS_H
#define RUDEPROXY_APP_INTERCEPT_SYSCTLS_H

#define SYSCTL_COUNT 34

/* Of a value. A longer one is not copied, such as a long list of reserved ports. */
#define SYSCTL_SIZE 256

struct sysctls {
    char values[SYSCTL_COUNT][SYSCTL_SIZE]; /* "": unknown */
};

/* Reads the settings of the network in which the calling process is. */
void sysctls_read(struct sysctls *sysctls);

/* Writes those that differ in the network in which the calling process is now. A setting that the
 * kernel refuses stays as it is: /proc/sys may be read-only, as in a container. */
void sysctls_write(const struct sysctls *sysctls);

#endif
