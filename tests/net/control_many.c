/* SPDX-License-Identifier: MIT */
/* Many changes: of many proxies, under load, and for new connections only. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "proxy/net/connection.h"
#include "tests/lib/rig.h"
#include "tests/lib/wire.h"

#define TO_ECHO "listen=127.0.0.1:0 upstream=builtin:echo"

/* CPU time of this thread. */
static int64_t cpu_us(void)
{
    struct timespec now;
    assert_int_equal(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now), 0);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

#define PROXIES 1000
#define FAULTS 10 /* of each */

/* How many proxies there can be descriptors for: two each. */
static unsigned count_possible(void)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
    rlim_t most = limit.rlim_cur > 200 ? (limit.rlim_cur - 200) / 2 : 0;
    return most < PROXIES ? (unsigned)most : PROXIES;
}

/* The average, generously: a sanitizer makes it ten times as slow. */
static void expect_cheap(const char *what, int64_t since_us, unsigned count)
{
    int64_t each_us = (cpu_us() - since_us) / count;
    if (each_us > 1000)
        fail_msg("%s took %jd us of CPU each, at most 1000 are wanted", what, (intmax_t)each_us);
}

static void a_change_costs_the_same_however_many_there_are(void **state)
{
    struct rig *rig = *state;
    char name[32], fault[32];
    unsigned proxies = count_possible();
    const struct proxy_config config = rig_proxy("", TO_ECHO);
    const struct fault latency = rig_fault("", "type=latency delay=1ms");
    struct proxy_config named = config;
    struct fault own = latency;
    int64_t start = cpu_us();
    for (unsigned i = 0; i < proxies; i++) {
        snprintf(named.name, sizeof named.name, "proxy %u", i);
        assert_int_equal(control_add_proxy(&rig->control, &named, &rig->err), CONTROL_OK);
    }
    expect_cheap("adding a proxy", start, proxies);
    start = cpu_us();
    for (unsigned i = 0; i < proxies * FAULTS; i++) {
        snprintf(name, sizeof name, "proxy %u", i % proxies);
        snprintf(own.name, sizeof own.name, "fault %u", i / proxies);
        assert_int_equal(
            control_add_fault(&rig->control, name, &own, NULL, CONTROL_ALL_CONNECTIONS, &rig->err),
            CONTROL_OK);
    }
    expect_cheap("adding a fault", start, proxies * FAULTS);
    start = cpu_us();
    for (unsigned i = 0; i < proxies * FAULTS; i++) {
        snprintf(name, sizeof name, "proxy %u", i % proxies);
        snprintf(fault, sizeof fault, "fault %u", i / proxies);
        assert_int_equal(
            control_remove_fault(&rig->control, name, fault, CONTROL_ALL_CONNECTIONS, &rig->err),
            CONTROL_OK);
    }
    expect_cheap("removing a fault", start, proxies * FAULTS);
    start = cpu_us();
    for (unsigned i = 0; i < proxies; i++) {
        snprintf(name, sizeof name, "proxy %u", i);
        assert_int_equal(control_remove_proxy(&rig->control, name, &rig->err), CONTROL_OK);
    }
    expect_cheap("removing a proxy", start, proxies);
    assert_null(control_next_proxy(&rig->control, NULL));
}

/* --- under load --- */

#define STREAMS 4
#define CHANGES 600 /* 200 a second */
#define CHANGE_EVERY_MS 5

/* One connection through which a pattern goes out and comes back for as long as it is asked to. */
struct stream {
    int fd;
    size_t sent, got;
};

static unsigned char byte_of(size_t offset)
{
    return (unsigned char)(offset * 31 + offset / 251);
}

static void pump(struct stream *stream, bool sends)
{
    unsigned char bytes[16384];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = byte_of(stream->sent + i);
    ssize_t n = sends ? send(stream->fd, bytes, sizeof bytes, MSG_NOSIGNAL) : 0;
    stream->sent += n > 0 ? (size_t)n : 0;
    n = recv(stream->fd, bytes, sizeof bytes, 0);
    if (n == 0 || (n < 0 && errno != EAGAIN))
        fail_msg("at %zu of %zu: %s", stream->got, stream->sent, n == 0 ? "EOF" : strerror(errno));
    for (ssize_t i = 0; i < n; i++)
        if (bytes[i] != byte_of(stream->got + (size_t)i))
            fail_msg("byte %zu is wrong", stream->got + (size_t)i);
    stream->got += n > 0 ? (size_t)n : 0;
}

static void pump_all(struct rig *rig, struct stream streams[STREAMS], bool sends)
{
    worker_turn(&rig->worker, 0);
    for (int i = 0; i < STREAMS; i++)
        pump(&streams[i], sends);
}

/* Adds, changes and removes one after another: three kinds of fault at a time. */
static void change_something(struct rig *rig, unsigned n)
{
    static const char *const words[] = {
        "type=latency delay=2ms direction=both",
        "type=bandwidth rate=50M/s",
        "type=slice size=3000 direction=upstream",
        "type=stall for=1ms",
        "type=bandwidth rate=20M/s scope=proxy direction=both",
        "type=latency delay=1ms jitter=1ms",
        "type=hold_fin",
    };
    const char *what = words[n % (sizeof words / sizeof words[0])];
    char name[8];
    snprintf(name, sizeof name, "f%u", n % 3);
    bool there = control_fault(control_proxy(&rig->control, "a"), name) != NULL;
    enum control_result result = !there       ? rig_add(rig, "a", name, what)
                                 : n % 4 == 0 ? rig_remove(rig, "a", name)
                                              : rig_change(rig, "a", name, what);
    assert_int_equal(result, CONTROL_OK);
}

static bool all_is_back(const struct stream streams[STREAMS])
{
    for (int i = 0; i < STREAMS; i++)
        if (streams[i].got != streams[i].sent)
            return false;
    return true;
}

static void no_byte_is_lost_with_200_changes_a_second(void **state)
{
    struct rig *rig = *state;
    struct stream streams[STREAMS] = {{0}};
    assert_int_equal(rig_add_proxy(rig, "a", TO_ECHO), CONTROL_OK);
    for (int i = 0; i < STREAMS; i++) {
        streams[i].fd = rig_connect(rig, "a");
        assert_true(streams[i].fd >= 0);
    }
    int64_t start = wire_now_ms();
    for (unsigned n = 0; n < CHANGES;) {
        pump_all(rig, streams, true);
        if (wire_now_ms() - start < n * CHANGE_EVERY_MS)
            continue;
        change_something(rig, n++);
    }
    assert_int_equal(control_reset(&rig->control, &rig->err), CONTROL_OK);
    for (int64_t until = rig_deadline(); !all_is_back(streams); pump_all(rig, streams, false))
        rig_check_deadline(until, "the last byte");
    for (int i = 0; i < STREAMS; i++) {
        assert_true(streams[i].got > 1000000);
        assert_int_equal(shutdown(streams[i].fd, SHUT_WR), 0);
        assert_int_equal(rig_end(rig, streams[i].fd), 0);
    }
}

static const struct session *first_session(struct rig *rig)
{
    const struct list *link = control_proxy(&rig->control, "a")->connections.next;
    return &container_of(link, struct connection, link)->session;
}

/* A fault that new connections no longer get stays with the open ones, and is taken over when it
 * comes again. */
static void a_fault_that_comes_again_is_armed_once(void **state)
{
    struct rig *rig = *state;
    char name[16];
    assert_int_equal(rig_add_proxy(rig, "a", TO_ECHO), CONTROL_OK);
    int fd = rig_connect(rig, "a");
    RIG_WAIT(rig, rig->events[EVENT_OPEN] == 1);
    for (int i = 0; i < 5; i++) {
        snprintf(name, sizeof name, "g%d", i);
        assert_int_equal(rig_add(rig, "a", "f", "type=latency delay=1ms"), CONTROL_OK);
        assert_int_equal(rig_add(rig, "a", name, "type=noop when=time:1h"), CONTROL_OK);
        if (i < 4)
            assert_int_equal(
                control_remove_fault(&rig->control, "a", "f", CONTROL_NEW_CONNECTIONS, &rig->err),
                CONTROL_OK);
    }
    assert_int_equal(first_session(rig)->armed.count, 6);
    assert_int_equal(rig_change(rig, "a", "f", "type=slice size=10 direction=both"), CONTROL_OK);
    assert_int_equal(first_session(rig)->armed.count, 7); /* one for each direction */
    rig_echo(rig, fd, 5000);
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    assert_int_equal(rig_end(rig, fd), 0);
}

/* Something else of the loop that takes a proxy away, as the API does. */
struct remover {
    struct poller_item item;
    struct rig *rig;
    enum control_result result;
};

static void on_remove(struct poller_item *item, unsigned events)
{
    struct remover *remover = container_of(item, struct remover, item);
    (void)events;
    remover->result = control_remove_proxy(&remover->rig->control, "a", &remover->rig->err);
}

static void a_proxy_may_go_while_a_client_waits_in_the_same_batch(void **state)
{
    struct rig *rig = *state;
    struct remover remover = {.item.on_event = on_remove, .rig = rig, .result = CONTROL_FAILED};
    int ends[2];
    assert_int_equal(rig_add_proxy(rig, "a", TO_ECHO), CONTROL_OK);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(poller_add(&rig->worker.poller, ends[0], &remover.item), 0);
    assert_int_equal(write(ends[1], "x", 1), 1);
    int fd = rig_connect(rig, "a");
    RIG_WAIT(rig, remover.result != CONTROL_FAILED);
    assert_int_equal(remover.result, CONTROL_OK);
    assert_int_equal(rig_end(rig, fd), ECONNRESET);
    close(ends[0]);
    close(ends[1]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_change_costs_the_same_however_many_there_are),
        TEST(no_byte_is_lost_with_200_changes_a_second),
        TEST(a_fault_that_comes_again_is_armed_once),
        TEST(a_proxy_may_go_while_a_client_waits_in_the_same_batch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
