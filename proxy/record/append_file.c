/* SPDX-License-Identifier: MIT */
#include "proxy/record/append_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

int append_file_open(const char *path, int *fd)
{
    struct stat status;
    *fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | O_CLOEXEC, 0666);
    int errnum = *fd >= 0 ? 0 : errno;
    bool is_fifo = errnum == ENXIO && stat(path, &status) == 0 && S_ISFIFO(status.st_mode);
    return is_fifo ? 0 : errnum;
}

bool append_file_undo(int fd, uint64_t torn)
{
    struct stat status;
    off_t at = lseek(fd, 0, SEEK_CUR);
    if (at < (off_t)torn || fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) ||
        status.st_size != at || ftruncate(fd, at - (off_t)torn) != 0)
        return false;
    lseek(fd, at - (off_t)torn, SEEK_SET);
    return true;
}
