/* SPDX-License-Identifier: MIT */
#include "proxy/app/limits.h"

#include <malloc.h>
#include <sys/resource.h>

#include "proxy/base/ring.h"

void limits_raise_descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

void limits_return_blocks(void)
{
    mallopt(M_MMAP_THRESHOLD, (int)RING_BLOCK);
}
