/* SPDX-License-Identifier: MIT */
#include "proxy/base/replace_file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* Linux before 5.8 does not tell, and musl before 1.2.5 does not ask. */
static bool is_mount_point(const char *path)
{
#ifdef STATX_ATTR_MOUNT_ROOT
    struct statx file;
    return statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, 0, &file) == 0 &&
           (file.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
#else
    (void)path;
    return false;
#endif
}

/* In a folder with the sticky bit, only the owner of the file or of the folder may remove the file
 * (EPERM, unlink(2)). A mount point cannot be removed (EBUSY, rename(2)). */
int replace_file_check(const char *path)
{
    char text[PATH_MAX];
    struct stat file, parent;
    snprintf(text, sizeof text, "%s", path);
    const char *folder = dirname(text);
    if (access(folder, W_OK | X_OK) != 0 || stat(folder, &parent) != 0)
        return -errno;
    if (lstat(path, &file) != 0)
        return errno == ENOENT ? 0 : -errno;
    if (is_mount_point(path))
        return -EBUSY;
    bool is_sticky = (parent.st_mode & S_ISVTX) != 0 && parent.st_uid != geteuid();
    return is_sticky && file.st_uid != geteuid() ? -EPERM : 0;
}
