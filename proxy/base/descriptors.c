/* SPDX-License-Identifier: MIT */
#include "proxy/base/descriptors.h"

#include <dirent.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The system call itself, because musl has no function for it. */
static int close_range_of(int first, unsigned last)
{
    return (int)syscall(SYS_close_range, (unsigned)first, last, 0u);
}

/* Linux before 5.9 and the seccomp filters of some containers have no close_range(2). */
static void close_listed(int first, int keep)
{
    DIR *listing = opendir("/proc/self/fd");
    const struct dirent *entry;
    while (listing != NULL && (entry = readdir(listing)) != NULL) {
        int fd = (int)strtol(entry->d_name, NULL, 10);
        if (entry->d_name[0] != '.' && fd >= first && fd != keep && fd != dirfd(listing))
            close(fd);
    }
    if (listing != NULL)
        closedir(listing);
}

void descriptors_close_from(int first, int keep)
{
    if ((keep > first && close_range_of(first, (unsigned)keep - 1) != 0) ||
        close_range_of(keep + 1, ~0u) != 0)
        close_listed(first, keep);
}
