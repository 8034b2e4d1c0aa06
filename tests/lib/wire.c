/* SPDX-License-Identifier: MIT */
/*
 * One poll() and one deadline behind everything.
 */
#include "tests/lib/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "proxy/base/listen.h"
#include "proxy/peers/dial.h"
#include "proxy/peers/pattern.h"

#define CHUNK_MAX 65536

int64_t wire_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void wire_tick(void)
{
    const struct timespec pause = {0, 1000000};
    nanosleep(&pause, NULL);
}

static int set_int(int fd, int level, int name, int value)
{
    return setsockopt(fd, level, name, &value, sizeof value) == 0 ? 0 : -errno;
}

int wire_set_nodelay(int fd, bool on)
{
    return set_int(fd, IPPROTO_TCP, TCP_NODELAY, on);
}

static int listen_at(
    int fd, const struct peer_address *address, int backlog, struct peer_address *bound)
{
    int result = bind_and_listen(fd, &address->storage, address->length, backlog);
    return result == 0 ? peer_address_of_socket(fd, bound) : result;
}

int wire_listen(struct wire_listener *listener, const char *text, int backlog, int rcvbuf)
{
    struct peer_address address;
    listener->fd = -1;
    if (peer_address_parse(text, &address) != 0)
        return -EINVAL;
    int fd = socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    if (rcvbuf != 0)
        (void)set_int(fd, SOL_SOCKET, SO_RCVBUF, rcvbuf);
    int result = listen_at(fd, &address, backlog, &listener->address);
    if (result == 0)
        result = peer_address_format(&listener->address, listener->text, sizeof listener->text);
    if (result != 0) {
        close(fd);
        return result;
    }
    listener->fd = fd;
    return 0;
}

void wire_unlisten(struct wire_listener *listener)
{
    if (listener->fd >= 0)
        close(listener->fd);
    listener->fd = -1;
}

int wire_poll(int fd, short events, int deadline_ms)
{
    int64_t until = wire_now_ms() + deadline_ms;
    struct pollfd entry = {.fd = fd, .events = events};
    for (;;) {
        int64_t left = until - wire_now_ms();
        int n = poll(&entry, 1, left > 0 ? (int)left : 0);
        if (n > 0)
            return entry.revents;
        if (n == 0 || errno != EINTR)
            return n == 0 ? -ETIMEDOUT : -errno;
    }
}

int wire_connect(const struct peer_address *address, int rcvbuf)
{
    const struct sockaddr *to = (const struct sockaddr *)(const void *)&address->storage;
    int fd = socket(address->storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    if (rcvbuf != 0)
        (void)set_int(fd, SOL_SOCKET, SO_RCVBUF, rcvbuf);
    int result = peer_dial(fd, to, address->length, WIRE_DEADLINE_MS);
    if (result != 0) {
        close(fd);
        return result == -EINPROGRESS ? -ETIMEDOUT : result;
    }
    if (address->storage.ss_family != AF_UNIX)
        (void)wire_set_nodelay(fd, true);
    return fd;
}

int wire_connect_text(const char *text)
{
    struct peer_address address;
    int result = peer_address_parse(text, &address);
    return result == 0 ? wire_connect(&address, 0) : result;
}

int wire_connect_proxy(const struct proxy_process *process, const char *name)
{
    char text[PEER_ADDRESS_TEXT];
    if (!proxy_process_address(process, name, text, sizeof text))
        return -ENOENT;
    return wire_connect_text(text);
}

int wire_accept(const struct wire_listener *listener)
{
    int seen = wire_poll(listener->fd, POLLIN, WIRE_DEADLINE_MS);
    if (seen < 0)
        return seen;
    int fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0)
        return -errno;
    if (listener->address.storage.ss_family != AF_UNIX)
        (void)wire_set_nodelay(fd, true);
    return fd;
}

struct wire_end wire_read_end(int fd, unsigned sender, size_t chunk)
{
    struct wire_end end = {0};
    unsigned char bytes[CHUNK_MAX];
    for (;;) {
        ssize_t n = recv(fd, bytes, chunk < sizeof bytes ? chunk : sizeof bytes, 0);
        if (n > 0) {
            size_t good = peer_pattern_match(sender, end.bytes, bytes, (size_t)n);
            end.spoiled = end.spoiled || good != (size_t)n;
            end.bytes += (uint64_t)n;
        } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
            end.errnum = n == 0 ? 0 : errno;
            return end;
        } else if (wire_poll(fd, POLLIN, WIRE_DEADLINE_MS) < 0) {
            end.errnum = ETIMEDOUT;
            return end;
        }
    }
}

int wire_send(int fd, unsigned sender, size_t n)
{
    unsigned char bytes[CHUNK_MAX];
    for (size_t done = 0; done < n;) {
        size_t want = n - done < sizeof bytes ? n - done : sizeof bytes;
        peer_pattern_fill(sender, done, bytes, want);
        ssize_t sent = send(fd, bytes, want, MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN && errno != EINTR)
            return -errno;
        if (sent < 0 && wire_poll(fd, POLLOUT, WIRE_DEADLINE_MS) < 0)
            return -ETIMEDOUT;
        done += sent > 0 ? (size_t)sent : 0;
    }
    return 0;
}

int wire_read(int fd, unsigned sender, size_t n)
{
    unsigned char bytes[CHUNK_MAX];
    for (size_t done = 0; done < n;) {
        size_t want = n - done < sizeof bytes ? n - done : sizeof bytes;
        ssize_t got = recv(fd, bytes, want, 0);
        if (got == 0)
            return -ENODATA;
        if (got < 0 && errno != EAGAIN && errno != EINTR)
            return -errno;
        if (got < 0 && wire_poll(fd, POLLIN, WIRE_DEADLINE_MS) < 0)
            return -ETIMEDOUT;
        if (got > 0 && peer_pattern_match(sender, done, bytes, (size_t)got) != (size_t)got)
            return -EBADMSG;
        done += got > 0 ? (size_t)got : 0;
    }
    return 0;
}

void wire_reset(int fd)
{
    const struct linger now = {1, 0};
    if (fd < 0)
        return;
    (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(fd);
}
