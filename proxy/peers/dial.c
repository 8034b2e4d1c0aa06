/* SPDX-License-Identifier: MIT */
/*
 * A peer that resets at once may do so at any moment, and a blocking connect() that is scheduled
 * late returns ECONNRESET for a handshake that succeeded. SO_ERROR cannot distinguish a refused
 * connection from that case without taking the error from the next call. But the kernel counts
 * segments: one for a refusal, or the answer of the handshake and a RST.
 */
#include "proxy/peers/dial.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/tcp.h> /* tcpi_segs_in; glibc's netinet/tcp.h does not have it */
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/time.h>

#include "proxy/peers/task.h"

/* Returns poll()'s events when the handshake has an outcome; 0: none within the time. */
static short wait_for_answer(int fd, int deadline_ms)
{
    int64_t until = peers_now_ms() + deadline_ms;
    struct pollfd entry = {.fd = fd, .events = POLLOUT};
    for (;;) {
        int64_t left = until - peers_now_ms();
        int n = poll(&entry, 1, left > 0 ? (int)left : 0);
        if (n >= 0 || errno != EINTR)
            return n > 0 ? entry.revents : 0;
    }
}

static bool has_been_answered(int fd)
{
    struct tcp_info info = {0};
    socklen_t size = sizeof info;
    return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 && info.tcpi_segs_in > 1;
}

static int error_of(int fd)
{
    int error = 0;
    socklen_t size = sizeof error;
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? -error : -errno;
}

static int dial_tcp(int fd, const struct sockaddr *to, socklen_t length, int deadline_ms)
{
    if (fcntl(fd, F_SETFL, O_NONBLOCK) != 0)
        return -errno;
    if (connect(fd, to, length) == 0)
        return 0;
    if (errno != EINPROGRESS)
        return -errno;
    short seen = wait_for_answer(fd, deadline_ms);
    if (seen == 0)
        return -EINPROGRESS;
    return (seen & POLLERR) == 0 || has_been_answered(fd) ? 0 : error_of(fd);
}

/* A non-blocking connect() would fail on a full backlog instead of waiting (unix(7)). */
static int dial_unix(int fd, const struct sockaddr *to, socklen_t length, int deadline_ms)
{
    const struct timeval limit = {deadline_ms / 1000, (deadline_ms % 1000) * 1000L};
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    return connect(fd, to, length) == 0 && fcntl(fd, F_SETFL, O_NONBLOCK) == 0 ? 0 : -errno;
}

int peer_dial(int fd, const struct sockaddr *to, socklen_t length, int deadline_ms)
{
    return to->sa_family == AF_UNIX ? dial_unix(fd, to, length, deadline_ms)
                                    : dial_tcp(fd, to, length, deadline_ms);
}
