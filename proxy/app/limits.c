/* SPDX-License-Identifier: MIT */
#include "proxy/app/limits.h"

#include <errno.h>
#include <malloc.h>
#include <string.h>
#include <sys/resource.h>

#include "proxy/base/ring.h"

int limits_raise_descriptors(struct err *err)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return 0;
    if (limit.rlim_max < LIMITS_DESCRIPTORS_MIN)
        return err_set(err, "cannot start with a limit of %d descriptors (ulimit -n): %s",
            (int)limit.rlim_max, strerror(EMFILE));
    if (limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    return 0;
}

void limits_return_blocks(void)
{
#ifdef M_MMAP_THRESHOLD /* glibc's; musl's malloc gives large blocks back by itself */
    mallopt(M_MMAP_THRESHOLD, (int)RING_BLOCK);
#endif
}
