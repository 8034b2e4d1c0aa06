/* SPDX-License-Identifier: MIT */
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "proxy/app/cli/cli.h"

/* /dev/null, whatever its name: device 1, 3 (null(4)). */
static bool is_null_device(const struct stat *info)
{
    return S_ISCHR(info->st_mode) && info->st_rdev == makedev(1, 3);
}

bool cli_may_read(const char *path, bool again, struct err *err)
{
    struct stat info;
    if (!again || stat(path, &info) != 0 || S_ISREG(info.st_mode) || is_null_device(&info))
        return true; /* the reader says what is wrong with a path that is not there */
    err_set(err, "is no regular file and cannot be read a second time, write its text into a file");
    return false;
}
