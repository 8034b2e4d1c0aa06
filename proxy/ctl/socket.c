/* SPDX-License-Identifier: MIT */
/*
 * The usual case: resolve the host, then a non-blocking connect() to the first address. If it
 * fails, the next is tried. The last error is reported. All attempts share one deadline; only the
 * resolver has its own.
 */
#include "proxy/ctl/socket.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t socket_deadline(unsigned seconds)
{
    return now_ms() + (int64_t)seconds * 1000;
}

short socket_wait(int fd, short events, int64_t deadline_ms)
{
    struct pollfd entry = {.fd = fd, .events = events};
    for (;;) {
        int64_t left = deadline_ms == SOCKET_NO_DEADLINE ? -1 : deadline_ms - now_ms();
        if (left < 0 && deadline_ms != SOCKET_NO_DEADLINE)
            left = 0;
        int n = poll(&entry, 1, left < INT32_MAX ? (int)left : INT32_MAX);
        if (n > 0)
            return entry.revents;
        if (n == 0)
            return 0;
        if (errno != EINTR)
            return POLLERR;
    }
}

/* 0, or a negative errno. */
static int finish_connect(int fd, int64_t deadline_ms)
{
    int error = 0;
    socklen_t size = sizeof error;
    if (socket_wait(fd, POLLOUT, deadline_ms) == 0)
        return -ETIMEDOUT;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0)
        return -errno;
    return -error;
}

/* A socket, or a negative errno. */
static int connect_one(const struct sockaddr *to, socklen_t length, int64_t deadline_ms)
{
    int fd = socket(to->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    int result = connect(fd, to, length) == 0 ? 0 : -errno;
    if (result == -EINPROGRESS)
        result = finish_connect(fd, deadline_ms);
    if (result == 0)
        return fd;
    close(fd);
    return result;
}

static int connect_numeric(const struct address *to, int64_t deadline_ms)
{
    struct sockaddr_storage storage;
    socklen_t length = address_to_sockaddr(to, &storage);
    return connect_one((const struct sockaddr *)&storage, length, deadline_ms);
}

static int connect_localhost(uint16_t port, int64_t deadline_ms)
{
    static const char *const hosts[] = {"127.0.0.1", "::1"};
    int result = 0;
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
        struct address address = {.kind = ADDRESS_IP, .port = port};
        snprintf(address.host, sizeof address.host, "%s", hosts[i]);
        int fd = connect_numeric(&address, deadline_ms);
        if (fd >= 0)
            return fd;
        result = i == 0 ? fd : result;
    }
    return result;
}

/* Returns a socket, a negative errno, or -1 with `err` set if the name is unknown. */
static int connect_name(const struct address *to, int64_t deadline_ms, struct err *err)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *list;
    char port[8];
    snprintf(port, sizeof port, "%u", (unsigned)to->port);
    int status = getaddrinfo(to->host, port, &hints, &list), result = -EHOSTUNREACH;
    if (status != 0)
        return err_set(err, "cannot resolve '%s': %s", to->host, gai_strerror(status));
    for (const struct addrinfo *one = list; one != NULL && result < 0; one = one->ai_next)
        result = connect_one(one->ai_addr, one->ai_addrlen, deadline_ms);
    freeaddrinfo(list);
    return result;
}

int socket_connect(const struct address *to, int64_t deadline_ms, struct err *err)
{
    int result;
    err->text[0] = '\0';
    if (to->kind != ADDRESS_NAME)
        result = connect_numeric(to, deadline_ms);
    else if (strcasecmp(to->host, "localhost") == 0)
        result = connect_localhost(to->port, deadline_ms);
    else
        result = connect_name(to, deadline_ms, err);
    if (result >= 0 || err->text[0] != '\0')
        return result;
    return err_set(
        err, "cannot connect: %s; is it running with --admin or serve?", strerror(-result));
}
