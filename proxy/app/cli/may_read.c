/* SPDX-License-Identifier: MIT */
#include <sys/stat.h>

#include "proxy/app/cli/cli.h"

bool cli_may_read(const char *path, bool again, struct err *err)
{
    struct stat info;
    if (!again || stat(path, &info) != 0 || S_ISREG(info.st_mode))
        return true; /* the reader says what is wrong with a path that is not there */
    err_set(err, "is no regular file and cannot be read a second time, write its text into a file");
    return false;
}
