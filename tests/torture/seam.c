/* SPDX-License-Identifier: MIT */
/*
 * The one place where calls fail on purpose. The linker sends each call of these functions here
 * (--wrap, see tests/CMakeLists.txt), of the program and of the test, but not of shared libraries.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proxy/net/raw_io.h"
#include "tests/lib/torture.h"

/* WRAP(result, name, call, failure, (parameters), (arguments)) */
#define WRAP(result, name, call, failure, parameters, arguments)                                   \
    result __real_##name parameters;                                                               \
    result __wrap_##name parameters;                                                               \
    result __wrap_##name parameters                                                                \
    {                                                                                              \
        return torture_fails(call) ? failure : __real_##name arguments;                            \
    }

WRAP(void *, malloc, TORTURE_MEMORY, NULL, (size_t size), (size))
WRAP(void *, calloc, TORTURE_MEMORY, NULL, (size_t count, size_t size), (count, size))
WRAP(void *, realloc, TORTURE_MEMORY, NULL, (void *old, size_t size), (old, size))
WRAP(void *, reallocarray, TORTURE_MEMORY, NULL, (void *old, size_t count, size_t size),
    (old, count, size))
WRAP(char *, strdup, TORTURE_MEMORY, NULL, (const char *text), (text))

WRAP(int, accept4, TORTURE_ACCEPT4, -1,
    (int fd, struct sockaddr *address, socklen_t *length, int flags), (fd, address, length, flags))
WRAP(int, connect, TORTURE_CONNECT, -1, (int fd, const struct sockaddr *address, socklen_t length),
    (fd, address, length))
WRAP(ssize_t, recv, TORTURE_RECV, -1, (int fd, void *bytes, size_t size, int flags),
    (fd, bytes, size, flags))
WRAP(ssize_t, send, TORTURE_SEND, -1, (int fd, const void *bytes, size_t size, int flags),
    (fd, bytes, size, flags))
WRAP(ssize_t, raw_recv, TORTURE_RECV, -1, (int fd, void *bytes, size_t size, int flags),
    (fd, bytes, size, flags))
WRAP(ssize_t, raw_send, TORTURE_SEND, -1, (int fd, const void *bytes, size_t size, int flags),
    (fd, bytes, size, flags))
WRAP(ssize_t, raw_splice, TORTURE_SPLICE, -1, (int from, int to, size_t size, unsigned flags),
    (from, to, size, flags))
WRAP(ssize_t, sendmsg, TORTURE_SEND, -1, (int fd, const struct msghdr *message, int flags),
    (fd, message, flags))
WRAP(ssize_t, splice, TORTURE_SPLICE, -1,
    (int from, off_t *from_at, int to, off_t *to_at, size_t size, unsigned flags),
    (from, from_at, to, to_at, size, flags))
WRAP(int, pipe2, TORTURE_PIPE2, -1, (int fds[2], int flags), (fds, flags))
WRAP(int, setsockopt, TORTURE_SETSOCKOPT, -1,
    (int fd, int level, int option, const void *value, socklen_t size),
    (fd, level, option, value, size))
WRAP(int, epoll_ctl, TORTURE_EPOLL_CTL, -1,
    (int epoll, int operation, int fd, struct epoll_event *event), (epoll, operation, fd, event))
WRAP(ssize_t, write, TORTURE_WRITE, -1, (int fd, const void *bytes, size_t size), (fd, bytes, size))
WRAP(
    int, socket, TORTURE_SOCKET, -1, (int domain, int type, int protocol), (domain, type, protocol))
