/* SPDX-License-Identifier: MIT */
/*
 * The sockets of bench_load: IPv4, TCP_NODELAY, non-blocking once they are connected.
 */
#include "tests/bench/load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BACKLOG 4096     /* as the proxies' */
#define ACCEPT_WAIT_S 30 /* for one connection to come through */
#define AHEAD_MAX 64     /* connections made but not yet through: less than any backlog */

int64_t load_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void set(int fd, int level, int name)
{
    const int on = 1;
    load_must(setsockopt(fd, level, name, &on, sizeof on) == 0, "setsockopt");
}

int load_listen(const struct sockaddr_in *address)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    load_must(fd >= 0, "socket");
    set(fd, SOL_SOCKET, SO_REUSEADDR);
    load_must(bind(fd, (const struct sockaddr *)address, sizeof *address) == 0, "bind");
    load_must(listen(fd, BACKLOG) == 0, "listen");
    return fd;
}

int load_epoll(void)
{
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    load_must(epoll >= 0, "epoll_create1");
    return epoll;
}

void load_watch(int epoll, int fd, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.fd = fd};
    load_must(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0, "epoll_ctl");
}

void load_accept(int listener, int epoll, uint32_t events)
{
    int fd;
    while ((fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0) {
        load_must(fd < LOAD_FDS_MAX, "too many descriptors");
        set(fd, IPPROTO_TCP, TCP_NODELAY);
        load_watch(epoll, fd, events);
        load_shared->accepted++;
    }
    load_must(errno == EAGAIN || errno == ECONNABORTED, "accept");
}

int load_connect(void)
{
    static uint32_t turn;
    struct sockaddr_in from = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000101 + turn++ % 250)};
    const struct sockaddr_in *target = &load_options.target;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    load_must(fd >= 0 && fd < LOAD_FDS_MAX, "socket");
    set(fd, IPPROTO_TCP, TCP_NODELAY);
    /* Or bind() would reserve the port for one connection alone (ip(7)). */
    set(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT);
    load_must(bind(fd, (struct sockaddr *)&from, sizeof from) == 0, "bind");
    load_must(connect(fd, (const struct sockaddr *)target, sizeof *target) == 0, "connect");
    load_must(fcntl(fd, F_SETFL, O_NONBLOCK) == 0, "O_NONBLOCK");
    return fd;
}

static void wait_until_accepted(int n)
{
    const struct timespec moment = {.tv_nsec = 50000};
    int64_t until = load_now_ns() + ACCEPT_WAIT_S * INT64_C(1000000000);
    while (load_shared->accepted < n) {
        errno = ETIMEDOUT;
        load_must(load_now_ns() < until, "the server has not seen the connection");
        nanosleep(&moment, NULL);
    }
}

void load_connect_through(int *fds, int n)
{
    int before = load_shared->accepted;
    for (int i = 0; i < n; i++) {
        int fd = load_connect();
        if (fds != NULL)
            fds[i] = fd;
        wait_until_accepted(before + i + 1 - AHEAD_MAX);
    }
    wait_until_accepted(before + n);
}
