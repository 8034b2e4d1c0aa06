/* SPDX-License-Identifier: MIT */
/*
 * Opening and ending one end of a connection.
 *
 * A peer is opened by connect(), or by listen() and accept(). It ends by close(), by a reset, or by
 * death: then the socket moves into a forked child that is killed, so the kernel closes it exactly
 * as for a program that crashed. A child can also just hold a copy, as a forked server does that
 * forgot to close: then close() in the parent sends nothing.
 *
 * If a step fails, everything it opened is closed again and the peer is unchanged.
 */
#include "proxy/peers/peer.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proxy/base/descriptors.h"
#include "proxy/base/listen.h"
#include "proxy/peers/dial.h"

void peer_init(struct peer *peer, enum peer_actor actor)
{
    memset(peer, 0, sizeof(*peer));
    peer->actor = actor;
    peer->fd = -1;
    peer->listener = -1;
}

/* Closes the connections that peer_crowd() opened. */
static void disperse(struct peer *peer)
{
    while (peer->spare_count > 0)
        close(peer->spares[--peer->spare_count]);
}

void peer_deinit(struct peer *peer)
{
    (void)peer_take_back(peer);
    (void)peer_close(peer);
    (void)peer_unlisten(peer);
    disperse(peer);
}

static int set_int(int fd, int level, int name, int value)
{
    return setsockopt(fd, level, name, &value, sizeof(value)) == 0 ? 0 : -errno;
}

static void take_connection(struct peer *peer, int fd, int family)
{
    /* Nagle would hold a second small write until the first is acknowledged. A reset would then
     * find it unsent in one run and sent in the next. */
    if (family != AF_UNIX)
        (void)set_int(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    peer->fd = fd;
    /* The pattern begins anew, whatever an earlier connection left undelivered. */
    peer->sent = 0;
    peer->received = 0;
    peer->spoiled = false;
}

int peer_listen(struct peer *peer, const struct peer_address *address, int backlog)
{
    const char *path = peer_address_path(address);
    int fd = socket(peer_address_family(address), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    if (path != NULL)
        (void)unlink(path);

    int error = bind_and_listen(fd, &address->storage, address->length, backlog);
    if (error != 0) {
        close(fd);
        return error;
    }
    peer->listener = fd;
    return peer_address_of_socket(fd, &peer->address);
}

int peer_unlisten(struct peer *peer)
{
    if (peer->listener < 0)
        return -EBADF;
    int result = close(peer->listener) == 0 ? 0 : -errno;
    peer->listener = -1;
    if (peer_address_path(&peer->address) != NULL)
        (void)unlink(peer_address_path(&peer->address));
    return result;
}

int peer_accept(struct peer *peer)
{
    int fd = accept4(peer->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0)
        return -errno;
    take_connection(peer, fd, peer_address_family(&peer->address));
    return 0;
}

/* A socket stays in the network namespace in which it was created; this thread returns from
 * there. */
static int peer_make_socket(const struct peer *peer, int family)
{
    const int type = SOCK_STREAM | SOCK_CLOEXEC;
    int home = peer->network == 0 ? -1 : open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    if (peer->network != 0 && (home < 0 || setns(peer->network, CLONE_NEWNET) != 0)) {
        int error = -errno;
        if (home >= 0)
            close(home);
        return error;
    }
    int fd = socket(family, type, 0);
    int result = fd < 0 ? -errno : fd;
    if (home >= 0 && setns(home, CLONE_NEWNET) != 0)
        abort(); /* all later calls would use the wrong network */
    if (home >= 0)
        close(home);
    return result;
}

int peer_connect(struct peer *peer, const struct peer_address *address, int deadline_ms)
{
    int fd = peer_make_socket(peer, peer_address_family(address));
    if (fd < 0)
        return fd;
    int result = peer_dial(
        fd, (const struct sockaddr *)(const void *)&address->storage, address->length, deadline_ms);
    if (result != 0) {
        close(fd);
        return result;
    }
    take_connection(peer, fd, peer_address_family(address));
    return 0;
}

int peer_linger(struct peer *peer, int seconds)
{
    const struct linger linger = {seconds >= 0, seconds >= 0 ? seconds : 0};
    if (setsockopt(peer->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)) != 0)
        return -errno;
    return 0;
}

int peer_shutdown(struct peer *peer, int how)
{
    return shutdown(peer->fd, how) == 0 ? 0 : -errno;
}

int peer_close(struct peer *peer)
{
    if (peer->fd < 0)
        return -EBADF;
    int result = close(peer->fd) == 0 ? 0 : -errno;
    peer->fd = -1;
    return result;
}

int peer_reset(struct peer *peer)
{
    int result = peer_linger(peer, 0);
    int closed = peer_close(peer);
    return result != 0 ? result : closed;
}

/* In the child, where only async-signal-safe calls are allowed. Keeps `fd`, closes the rest: a
 * copy of the other end's socket would keep that end's close() from reaching the wire. */
static void hold_until_killed(int fd)
{
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    descriptors_close_from(0, fd);
    for (;;)
        pause();
}

/* Waits until the child has closed its end of the pipe: then it holds only the socket. */
static int wait_for_eof(int fd)
{
    char byte;
    ssize_t n;
    do {
        n = read(fd, &byte, 1);
    } while (n < 0 && errno == EINTR);
    return n == 0 ? 0 : -EIO;
}

int peer_lend(struct peer *peer)
{
    int ready[2];
    if (peer->fd < 0 || peer->holder != 0)
        return -EBADF;
    if (pipe2(ready, O_CLOEXEC) != 0)
        return -errno;

    pid_t child = fork();
    if (child == 0)
        hold_until_killed(peer->fd);
    int result = child < 0 ? -errno : 0;
    close(ready[1]);
    if (result == 0) {
        peer->holder = child;
        result = wait_for_eof(ready[0]);
    }
    close(ready[0]);
    return result;
}

int peer_take_back(struct peer *peer)
{
    if (peer->holder <= 0)
        return -ECHILD;
    (void)kill(peer->holder, SIGKILL);
    pid_t gone;
    do {
        gone = waitpid(peer->holder, NULL, 0);
    } while (gone < 0 && errno == EINTR);
    peer->holder = 0;
    return gone < 0 ? -errno : 0;
}

int peer_kill(struct peer *peer)
{
    int result = peer_lend(peer);
    if (result != 0)
        return result;
    result = peer_close(peer);
    int killed = peer_take_back(peer);
    return result != 0 ? result : killed;
}
