/* SPDX-License-Identifier: MIT */
#include "proxy/net/raw_io.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifdef RUDEPROXY_SANITIZED /* which checks the memory that the C library's functions are given */

ssize_t raw_recv(int fd, void *bytes, size_t size, int flags)
{
    return recv(fd, bytes, size, flags);
}

ssize_t raw_send(int fd, const void *bytes, size_t size, int flags)
{
    return send(fd, bytes, size, flags);
}

ssize_t raw_splice(int from, int to, size_t size, unsigned flags)
{
    return splice(from, NULL, to, NULL, size, flags);
}

#else

ssize_t raw_recv(int fd, void *bytes, size_t size, int flags)
{
    return syscall(SYS_recvfrom, fd, bytes, size, flags, NULL, NULL);
}

ssize_t raw_send(int fd, const void *bytes, size_t size, int flags)
{
    return syscall(SYS_sendto, fd, bytes, size, flags, NULL, 0);
}

ssize_t raw_splice(int from, int to, size_t size, unsigned flags)
{
    return syscall(SYS_splice, from, NULL, to, NULL, size, flags);
}

#endif
