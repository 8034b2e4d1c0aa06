/* SPDX-License-Identifier: MIT */
/*
 * Sockets are non-blocking, without Nagle's delay, and waited for with poll(). Every call that
 * waits has the same long deadline and fails the test when it has passed.
 */
#include "tests/lib/bench.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "proxy/peers/dial.h"

#define SECTIONS_MAX 4096

int64_t bench_now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* Waits for one of the events, or an error. False when `ms` have passed. */
static bool wait_for(int fd, short events, int ms)
{
    struct pollfd entry = {.fd = fd, .events = events};
    int n;
    do {
        n = poll(&entry, 1, ms);
    } while (n < 0 && errno == EINTR);
    return n > 0;
}

static void must_come(int fd, short events)
{
    if (!wait_for(fd, events, BENCH_DEADLINE_MS))
        fail_msg("nothing came for %d ms", BENCH_DEADLINE_MS);
}

static struct sockaddr_in loopback(const char *host, int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    assert_int_equal(inet_pton(AF_INET, host, &address.sin_addr), 1);
    return address;
}

static int make_socket(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    return fd;
}

static int bind_to(int fd, const char *host)
{
    struct sockaddr_in address = loopback(host, 0);
    socklen_t size = sizeof address;
    assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    return ntohs(address.sin_port);
}

static void set_ready(int fd)
{
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
}

static void open_listener(struct bench *bench, char *upstream, size_t size)
{
    bench->listener = make_socket();
    snprintf(upstream, size, "127.0.0.1:%d", bind_to(bench->listener, "127.0.0.1"));
    assert_int_equal(listen(bench->listener, 128), 0);
}

static void find_proxy(struct bench *bench)
{
    char text[64];
    assert_true(proxy_process_address(&bench->process, "p", text, sizeof text));
    const char *colon = strrchr(text, ':');
    assert_non_null(colon);
    bench->address = loopback("127.0.0.1", (int)strtol(colon + 1, NULL, 10));
}

void bench_start(struct bench *bench, const char *upstream, const char *globals, const char *faults)
{
    char own[32], sections[SECTIONS_MAX], keys[256];
    *bench = (struct bench){.listener = -1, .client = -1, .server = -1};
    if (upstream == NULL)
        open_listener(bench, own, sizeof own);
    int n =
        snprintf(sections, sizeof sections, "[proxy p]\nlisten = 127.0.0.1:0\nupstream = %s\n%s\n",
            upstream == NULL ? own : upstream, faults);
    assert_true(n > 0 && n < SECTIONS_MAX);
    n = snprintf(keys, sizeof keys, "grace = 100ms\n%s", globals);
    assert_true(n > 0 && n < (int)sizeof keys);
    bench->started_us = bench_now_us();
    assert_true(proxy_process_start(&bench->process, keys, sections));
    find_proxy(bench);
}

void bench_close(struct bench *bench)
{
    if (bench->client >= 0)
        close(bench->client);
    if (bench->server >= 0)
        close(bench->server);
    bench->client = bench->server = -1;
}

void bench_stop(struct bench *bench)
{
    bench_close(bench);
    if (bench->listener >= 0)
        close(bench->listener);
    bench->listener = -1;
    assert_true(proxy_process_stop(&bench->process));
}

static int connect_for(int fd, const struct bench *bench, int ms)
{
    return -peer_dial(fd, (const struct sockaddr *)&bench->address, sizeof bench->address, ms);
}

int bench_try_connect(const struct bench *bench, int ms, int *fd)
{
    *fd = make_socket();
    int error = connect_for(*fd, bench, ms);
    if (error == 0) {
        set_ready(*fd);
    } else {
        close(*fd);
        *fd = -1;
    }
    return error;
}

int bench_connect(const struct bench *bench, const char *from)
{
    int fd = make_socket();
    if (from != NULL)
        bind_to(fd, from);
    assert_int_equal(connect_for(fd, bench, BENCH_DEADLINE_MS), 0);
    set_ready(fd);
    return fd;
}

int bench_accept(const struct bench *bench)
{
    must_come(bench->listener, POLLIN);
    int fd = accept4(bench->listener, NULL, NULL, SOCK_CLOEXEC);
    assert_true(fd >= 0);
    set_ready(fd);
    return fd;
}

void bench_open(struct bench *bench)
{
    bench_close(bench);
    bench->client = bench_connect(bench, NULL);
    bench->server = bench_accept(bench);
}

void bench_send(int fd, const void *bytes, size_t n)
{
    const unsigned char *at = bytes;
    while (n > 0) {
        ssize_t taken = send(fd, at, n, MSG_NOSIGNAL);
        if (taken < 0 && errno == EAGAIN) {
            must_come(fd, POLLOUT);
            continue;
        }
        if (taken < 0)
            fail_msg("send: %s", strerror(errno));
        at += taken;
        n -= (size_t)taken;
    }
}

void bench_read(int fd, void *bytes, size_t n)
{
    unsigned char *at = bytes;
    size_t left = n;
    while (left > 0) {
        must_come(fd, POLLIN);
        ssize_t got = recv(fd, at, left, 0);
        if (got <= 0)
            fail_msg("%s after %zu of %zu bytes", got == 0 ? "EOF" : strerror(errno), n - left, n);
        at += got;
        left -= (size_t)got;
    }
}

void bench_exchange(const struct bench *bench)
{
    char byte = 'a';
    bench_send(bench->client, &byte, 1);
    bench_read(bench->server, &byte, 1);
    bench_send(bench->server, &byte, 1);
    bench_read(bench->client, &byte, 1);
    assert_int_equal(byte, 'a');
}

/* A byte goes from one to the other. */
static bool try_pass(int from, int to)
{
    char byte = 'a';
    return send(from, &byte, 1, MSG_NOSIGNAL) == 1 && wait_for(to, POLLIN, BENCH_DEADLINE_MS) &&
           recv(to, &byte, 1, 0) == 1;
}

bool bench_try_open(struct bench *bench)
{
    bench_close(bench);
    if (bench_try_connect(bench, BENCH_DEADLINE_MS, &bench->client) != 0)
        return false;
    struct pollfd entries[2] = {
        {.fd = bench->listener, .events = POLLIN}, {.fd = bench->client, .events = POLLIN}};
    if (poll(entries, 2, BENCH_DEADLINE_MS) <= 0 || (entries[0].revents & POLLIN) == 0)
        return false;
    bench->server = bench_accept(bench);
    return try_pass(bench->client, bench->server) && try_pass(bench->server, bench->client);
}

size_t bench_read_end(int fd, void *bytes, size_t size, int *error)
{
    unsigned char *at = bytes;
    size_t used = 0;
    for (;;) {
        unsigned char extra;
        must_come(fd, POLLIN);
        ssize_t got = used < size ? recv(fd, at + used, size - used, 0) : recv(fd, &extra, 1, 0);
        if (got <= 0) {
            *error = got == 0 ? 0 : errno;
            return used;
        }
        if (used == size)
            fail_msg("more than %zu bytes came", size);
        used += (size_t)got;
    }
}

void bench_pump(
    int from, int to, const unsigned char *bytes, size_t n, size_t chunk, unsigned char *out)
{
    size_t sent = 0, got = 0;
    while (got < n) {
        size_t piece = n - sent < chunk ? n - sent : chunk;
        ssize_t taken = piece > 0 ? send(from, bytes + sent, piece, MSG_NOSIGNAL) : 0;
        ssize_t came = recv(to, out + got, n - got, 0);
        sent += taken > 0 ? (size_t)taken : 0;
        got += came > 0 ? (size_t)came : 0;
        if (came == 0 || (came < 0 && errno != EAGAIN))
            fail_msg("the stream ended after %zu of %zu bytes", got, n);
        if (came < 0 && taken <= 0)
            must_come(to, POLLIN);
    }
}

uint64_t bench_fill(int fd, int quiet_ms, uint64_t max)
{
    static const unsigned char bytes[65536];
    uint64_t total = 0;
    while (total < max && wait_for(fd, POLLOUT, quiet_ms)) {
        ssize_t taken = send(fd, bytes, sizeof bytes, MSG_NOSIGNAL);
        if (taken < 0 && errno != EAGAIN)
            fail_msg("send: %s", strerror(errno));
        total += taken > 0 ? (uint64_t)taken : 0;
    }
    return total;
}

void bench_expect_silence(int fd, int ms)
{
    unsigned char byte;
    if (!wait_for(fd, POLLIN | POLLRDHUP, ms))
        return;
    ssize_t got = recv(fd, &byte, 1, MSG_PEEK);
    fail_msg("%s where nothing was to come", got > 0    ? "bytes"
                                             : got == 0 ? "EOF"
                                                        : strerror(errno));
}

void bench_expect_error(int fd, int error)
{
    unsigned char byte;
    must_come(fd, POLLIN);
    ssize_t got = recv(fd, &byte, 1, 0);
    if (got >= 0)
        fail_msg("%s instead of %s", got == 0 ? "EOF" : "a byte", strerror(error));
    assert_int_equal(errno, error);
}

/* Returns the bytes in the send queue that are not acknowledged. */
static int unacked(int fd)
{
    int count = 0;
    assert_int_equal(ioctl(fd, SIOCOUTQ, &count), 0);
    return count;
}

static void pause_ms(int ms)
{
    (void)poll(NULL, 0, ms);
}

void bench_expect_unacked(int fd, int ms)
{
    int64_t until = bench_now_us() + ms * INT64_C(1000);
    while (bench_now_us() < until) {
        assert_true(unacked(fd) > 0);
        pause_ms(2);
    }
}

void bench_wait_acked(int fd)
{
    int64_t until = bench_now_us() + BENCH_DEADLINE_MS * INT64_C(1000);
    while (unacked(fd) > 0) {
        if (bench_now_us() > until)
            fail_msg("never acknowledged");
        pause_ms(2);
    }
}

void bench_pattern(unsigned char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        bytes[i] = (unsigned char)(i * 131 + (i >> 8) * 31);
}
