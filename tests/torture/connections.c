/* SPDX-License-Identifier: MIT */
/*
 * Connections of every kind, while one allocation or one call of the system fails: for each call
 * that a connection makes, and each errno that its man page names. Whatever fails, the process
 * lives, nothing leaks, another connection goes on, the next one is served, and a connection that
 * was not served has left an event.
 *
 * Without arguments, a sample of the calls, by a fixed seed; with `all`, every one
 * (scripts/torture); with SCENARIO CALL N ERRNO, a single one.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "proxy/base/err.h"
#include "tests/lib/random_fault.h"
#include "tests/lib/rig.h"
#include "tests/lib/torture.h"
#include "tests/lib/wire.h"

#define CALLS_MAX 100000 /* a connection that makes more of them spins */
#define STUCK_MS 10000   /* nothing takes so long, on any machine */
#define BULK_BYTES (3u << 20)

/* A client's conversation. It returns whether it got everything. */
struct scenario {
    const char *name;
    const char *proxy; /* words */
    const char *fault; /* words, or NULL */
    bool (*run)(struct rig *rig, int fd);
};

static bool is_over(int64_t until)
{
    if (wire_now_ms() > until)
        fail_msg("stuck");
    return false;
}

/* Reads up to `want` bytes. How many came before the end or an error; fails the test when nothing
 * happens. */
static size_t read_bytes(struct rig *rig, int fd, size_t want)
{
    static unsigned char bytes[65536];
    int64_t until = wire_now_ms() + STUCK_MS;
    size_t got = 0;
    while (got < want && !is_over(until)) {
        size_t room = want - got < sizeof bytes ? want - got : sizeof bytes;
        ssize_t n = recv(fd, bytes, room, 0);
        if (n == 0 || (n < 0 && errno != EAGAIN))
            break;
        got += n > 0 ? (size_t)n : 0;
        if (n < 0)
            rig_turn(rig);
    }
    return got;
}

static bool try_send(int fd, size_t n)
{
    static const unsigned char bytes[4096];
    return send(fd, bytes, n, MSG_NOSIGNAL) == (ssize_t)n;
}

static bool run_echo(struct rig *rig, int fd)
{
    return try_send(fd, 100) && read_bytes(rig, fd, 100) == 100 && try_send(fd, 4000) &&
           read_bytes(rig, fd, 4000) == 4000;
}

static bool run_half_close(struct rig *rig, int fd)
{
    if (!try_send(fd, 1000) || shutdown(fd, SHUT_WR) != 0)
        return false;
    return read_bytes(rig, fd, 1001) == 1000;
}

static bool run_bulk(struct rig *rig, int fd)
{
    return read_bytes(rig, fd, BULK_BYTES) == BULK_BYTES;
}

static bool run_reset(struct rig *rig, int fd)
{
    if (!try_send(fd, 10))
        return false;
    return read_bytes(rig, fd, 11) == 10;
}

#define TO_ECHO "listen=127.0.0.1:0 upstream=builtin:echo"
#define TO_CHARGEN "listen=127.0.0.1:0 upstream=builtin:chargen"

static const struct scenario scenarios[] = {
    {"echo", TO_ECHO, NULL, run_echo},
    {"half-close", TO_ECHO, NULL, run_half_close},
    {"bulk", TO_CHARGEN, NULL, run_bulk},
    {"bulk-copied", TO_CHARGEN " splice=off buffer=64k", NULL, run_bulk},
    {"latency", TO_ECHO, "type=latency delay=1ms direction=both", run_echo},
    {"slice", TO_ECHO, "type=slice size=100", run_echo},
    {"bandwidth", TO_CHARGEN, "type=bandwidth rate=1G/s burst=1M", run_bulk},
    {"inject", TO_ECHO, "type=inject data=\"!\" when=bytes:10", run_echo},
    {"reset", TO_ECHO, "type=reset when=bytes:10", run_reset},
    {"close", TO_ECHO, "type=close when=bytes:10", run_reset},
    {"hold-fin", TO_ECHO, "type=hold_fin for=5ms direction=both", run_half_close},
};

/* The errnos of each call's man page that may come at any time. Left out is what would be a lie:
 * behind EAGAIN no edge tells that there is more, and a socket whose send() failed for an error of
 * the connection has an end or an error to read. */
static const struct {
    enum torture_call call;
    int errnums[12];
} failures[] = {
    {TORTURE_MEMORY, {ENOMEM}},
    {TORTURE_ACCEPT4, {EMFILE, ENFILE, ENOMEM, ENOBUFS, EPERM, EINVAL, ENOSYS, EINTR, EAGAIN}},
    {TORTURE_SOCKET, {EMFILE, ENFILE, ENOBUFS, ENOMEM, EACCES, EAFNOSUPPORT}},
    {TORTURE_CONNECT,
        {ECONNREFUSED, ETIMEDOUT, ENETUNREACH, EADDRNOTAVAIL, EAGAIN, EPERM, EACCES, ENOBUFS}},
    {TORTURE_RECV, {ECONNRESET, ETIMEDOUT, ENOMEM, EINTR, EHOSTUNREACH}},
    {TORTURE_SEND, {ENOBUFS, ENOMEM, EINTR}},
    {TORTURE_SPLICE, {EINVAL, ENOMEM, ENOSYS, EPERM}},
    {TORTURE_PIPE2, {EMFILE, ENFILE, ENOMEM}},
    {TORTURE_SETSOCKOPT, {ENOMEM, ENOBUFS, EPERM, EINVAL, ENOPROTOOPT}},
    {TORTURE_EPOLL_CTL, {ENOMEM, ENOSPC, EPERM}},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void expect_served(struct rig *rig, const struct scenario *scenario)
{
    int fd = rig_connect(rig, "a");
    assert_true(fd >= 0);
    if (!scenario->run(rig, fd))
        fail_msg("the next connection is not served");
    wire_reset(fd);
}

/* One run in which call number `n` fails. Returns whether it came to that. */
static bool run_once(const struct scenario *scenario, enum torture_call call, long n, int errnum)
{
    struct rig rig;
    rig_start(&rig);
    assert_int_equal(rig_add_proxy(&rig, "a", scenario->proxy), CONTROL_OK);
    assert_int_equal(rig_add_proxy(&rig, "b", TO_ECHO), CONTROL_OK);
    if (scenario->fault != NULL)
        assert_int_equal(rig_add(&rig, "a", "f", scenario->fault), CONTROL_OK);
    int other = rig_connect(&rig, "b");
    rig_echo(&rig, other, 100);
    unsigned opened = rig.events[EVENT_OPEN];
    torture_begin(call, n, errnum, false);
    int fd = rig_connect(&rig, "a");
    bool served = fd >= 0 && scenario->run(&rig, fd);
    wire_reset(fd);
    /* Dialled or not, it is over when nothing of it is left. */
    RIG_WAIT(&rig, rig.worker.connections == 1 || rig.events[EVENT_OPEN] > opened);
    RIG_WAIT(&rig, rig.worker.connections == 1);
    long count = torture_end();
    assert_in_range(count, 0, CALLS_MAX);
    if (!served)
        assert_true(rig.events[EVENT_CLOSED] + rig.events[EVENT_CONNECT_FAILED] +
                        rig.events[EVENT_ACCEPT_FAILED] + rig.events[EVENT_CLIENT_DROPPED] >
                    0);
    rig_echo(&rig, other, 1000);
    expect_served(&rig, scenario);
    close(other);
    rig_stop(&rig);
    return count > n;
}

static bool samples_only = true;
static unsigned runs;

static void run_row(const struct scenario *scenario, enum torture_call call, int errnum)
{
    uint64_t random = hash_text(call + 1u, scenario->name) + (unsigned)errnum;
    long skip = 0;
    for (long n = 0;; n += 1 + skip) {
        print_message(
            "%s %s %ld %s\n", scenario->name, torture_call_name(call), n, err_name(errnum));
        runs++;
        if (!run_once(scenario, call, n, errnum))
            return;
        skip = samples_only ? (long)random_below(&random, 12u << (n < 8 ? n : 8)) : 0;
    }
}

static size_t count_errnums(size_t f)
{
    size_t count = 0;
    while (failures[f].errnums[count] != 0)
        count++;
    return count;
}

/* In a sample, the first scenario has every errno, each other one has one of them. */
static void whatever_fails_the_others_go_on(void **state)
{
    (void)state;
    for (size_t s = 0; s < COUNT(scenarios); s++)
        for (size_t f = 0; f < COUNT(failures); f++)
            for (size_t e = 0; e < count_errnums(f); e++)
                if (!samples_only || s == 0 || e == s % count_errnums(f))
                    run_row(&scenarios[s], failures[f].call, failures[f].errnums[e]);
    print_message("%u runs\n", runs);
}

static int run_single(char **words)
{
    for (size_t s = 0; s < COUNT(scenarios); s++)
        for (size_t f = 0; f < COUNT(failures); f++)
            for (size_t e = 0; failures[f].errnums[e] != 0; e++)
                if (strcmp(words[0], scenarios[s].name) == 0 &&
                    strcmp(words[1], torture_call_name(failures[f].call)) == 0 &&
                    strcmp(words[3], err_name(failures[f].errnums[e])) == 0)
                    return run_once(&scenarios[s], failures[f].call, strtol(words[2], NULL, 10),
                               failures[f].errnums[e])
                               ? 0
                               : 1;
    return 2;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(whatever_fails_the_others_go_on)};
    signal(SIGPIPE, SIG_IGN); /* as the program does: splice() knows no MSG_NOSIGNAL */
    if (argc == 5)
        return run_single(argv + 1);
    samples_only = argc < 2 || strcmp(argv[1], "all") != 0;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
