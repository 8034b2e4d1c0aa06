/* SPDX-License-Identifier: MIT */
/* Closing many descriptors at once. */
#ifndef RUDEPROXY_BASE_DESCRIPTORS_H
#define RUDEPROXY_BASE_DESCRIPTORS_H

#include <sys/syscall.h>
#include <unistd.h>

/* Closes all descriptors from `first` on, except `keep`, which is not below `first`. Uses
 * close_range(2) directly, because musl has no function for it. */
static inline void descriptors_close_from(unsigned first, unsigned keep)
{
    if (keep > first)
        (void)syscall(SYS_close_range, first, keep - 1, 0u);
    (void)syscall(SYS_close_range, keep + 1, ~0u, 0u);
}

#endif
