/* SPDX-License-Identifier: MIT */
/*
 * Faults before there is a connection: refused, not accepted, dialled late, not heard at all.
 *
 * Faults at the start of the run last two seconds, so that a slow machine sees them too. Those that
 * must begin after a connection is open are tried with a later begin if it was not open in time.
 */
#include "tests/lib/bench.h"
#include "tests/lib/private_network.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define AT_FIRST_US 2000000
#define AT_FIRST "active = 0s-2s\n"

/* Whether the fault at the start is over. */
static bool is_late(const struct bench *bench)
{
    return bench_now_us() - bench->started_us >= AT_FIRST_US;
}

/* Tries until connect() ends otherwise than with `error`; gives what it ended with. */
static int connect_while(const struct bench *bench, int error, int *fd)
{
    int64_t until = bench_now_us() + BENCH_DEADLINE_MS * INT64_C(1000);
    for (;;) {
        int result = bench_try_connect(bench, BENCH_DEADLINE_MS, fd);
        if (result != error)
            return result;
        if (result == 0)
            close(*fd);
        if (bench_now_us() > until)
            fail_msg("still '%s'", strerror(error));
        (void)poll(NULL, 0, 20);
    }
}

/* The last connection of the server's queue, where several may wait. */
static void exchange_over(struct bench *bench, int client)
{
    bench->client = client;
    bench->server = bench_accept(bench);
    bench_exchange(bench);
}

static void refuse_ends_and_the_port_is_the_same(void **state)
{
    struct bench bench;
    int fd;
    (void)state;
    bench_start(&bench, NULL, "", "[fault f]\ntype = refuse\n" AT_FIRST);
    assert_int_equal(connect_while(&bench, ECONNREFUSED, &fd), 0);
    assert_true(is_late(&bench));
    exchange_over(&bench, fd);
    bench_stop(&bench);
}

/* Tries with a begin that is later each time. */
static void must_be_in_time(bool (*try_begin)(unsigned seconds))
{
    for (unsigned seconds = 2; seconds <= 16; seconds *= 2) {
        if (try_begin(seconds))
            return;
    }
    fail_msg("a connection was not open within 16 seconds");
}

/* Starts the program with a fault of this type from then on, and opens a connection before. */
static bool try_start(struct bench *bench, const char *type, unsigned seconds)
{
    char fault[80];
    snprintf(fault, sizeof fault, "[fault f]\ntype = %s\nactive = %us-\n", type, seconds);
    bench_start(bench, NULL, "", fault);
    return bench_try_open(bench);
}

static bool try_refuse(unsigned seconds)
{
    struct bench bench;
    int fd;
    bool in_time = try_start(&bench, "refuse", seconds);
    if (in_time) {
        assert_int_equal(connect_while(&bench, 0, &fd), ECONNREFUSED);
        assert_true(bench_now_us() - bench.started_us >= seconds * INT64_C(1000000));
        bench_exchange(&bench);
    }
    bench_stop(&bench);
    return in_time;
}

static void refuse_spares_the_connections_that_are_open(void **state)
{
    (void)state;
    must_be_in_time(try_refuse);
}

static void no_accept_lets_clients_wait_and_their_bytes_too(void **state)
{
    struct bench bench;
    char got[5];
    (void)state;
    bench_start(&bench, NULL, "", "[fault f]\ntype = no_accept\n" AT_FIRST);
    bench.client = bench_connect(&bench, NULL);
    bench_send(bench.client, "hello", 5);
    bench_wait_acked(bench.client); /* by a kernel */
    bench.server = bench_accept(&bench);
    assert_true(is_late(&bench));
    bench_read(bench.server, got, sizeof got);
    assert_memory_equal(got, "hello", 5);
    bench_exchange(&bench);
    bench_stop(&bench);
}

/* listen(0) has room for one. */
static void no_accept_with_a_full_backlog_does_not_answer(void **state)
{
    struct bench bench;
    int fd;
    (void)state;
    bench_start(&bench, NULL, "", "backlog = 0\n[fault f]\ntype = no_accept\n");
    bench.client = bench_connect(&bench, NULL);
    (void)poll(NULL, 0, 50); /* the last ACK of that handshake is on its way */
    assert_int_equal(bench_try_connect(&bench, BENCH_SILENCE_MS, &fd), EINPROGRESS);
    bench_stop(&bench);
}

static void connect_delay_dials_late_and_keeps_the_bytes(void **state)
{
    struct bench bench;
    char got[5];
    (void)state;
    bench_start(&bench, NULL, "", "[fault f]\ntype = connect_delay\nfor = 400ms\n");
    int64_t begin = bench_now_us();
    bench.client = bench_connect(&bench, NULL);
    bench_send(bench.client, "hello", 5);
    bench.server = bench_accept(&bench);
    assert_true(bench_now_us() - begin >= 400000);
    bench_read(bench.server, got, sizeof got);
    assert_memory_equal(got, "hello", 5);
    bench_exchange(&bench);
    bench_stop(&bench);
}

static void connect_delay_concerns_only_chosen_connections(void **state)
{
    struct bench bench;
    (void)state;
    bench_start(&bench, NULL, "", "[fault f]\ntype = connect_delay\nfor = 1h\nconnections = 1\n");
    int first = bench_connect(&bench, NULL);
    bench_open(&bench);
    bench_exchange(&bench);
    bench_expect_silence(first, 1);
    close(first);
    bench_stop(&bench);
}

static void syn_blackhole_does_not_answer_and_heals(void **state)
{
    struct bench bench;
    int fd;
    if (*state == NULL)
        skip();
    bench_start(&bench, NULL, "", "[fault f]\ntype = syn_blackhole\nfor = 2s\n");
    assert_int_equal(bench_try_connect(&bench, BENCH_DEADLINE_MS, &fd), 0);
    assert_true(is_late(&bench));
    exchange_over(&bench, fd);
    bench_stop(&bench);
}

static bool try_blackhole(unsigned seconds)
{
    struct bench bench;
    int fd = -1, result;
    bool in_time = try_start(&bench, "syn_blackhole", seconds);
    if (in_time) {
        while ((result = bench_try_connect(&bench, BENCH_SILENCE_MS, &fd)) == 0) {
            close(fd);
            (void)poll(NULL, 0, 20);
        }
        assert_int_equal(result, EINPROGRESS);
        bench_exchange(&bench);
    }
    bench_stop(&bench);
    return in_time;
}

static void syn_blackhole_spares_the_connections_that_are_open(void **state)
{
    if (*state == NULL)
        skip();
    must_be_in_time(try_blackhole);
}

int main(void)
{
    static bool privileged;
    privileged = private_network_try();
    void *needs = privileged ? &privileged : NULL;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuse_ends_and_the_port_is_the_same),
        cmocka_unit_test(refuse_spares_the_connections_that_are_open),
        cmocka_unit_test(no_accept_lets_clients_wait_and_their_bytes_too),
        cmocka_unit_test(no_accept_with_a_full_backlog_does_not_answer),
        cmocka_unit_test(connect_delay_dials_late_and_keeps_the_bytes),
        cmocka_unit_test(connect_delay_concerns_only_chosen_connections),
        cmocka_unit_test_prestate(syn_blackhole_does_not_answer_and_heals, needs),
        cmocka_unit_test_prestate(syn_blackhole_spares_the_connections_that_are_open, needs),
    };
    if (!privileged)
        printf("no CAP_NET_ADMIN, and no namespace of our own: syn_blackhole is not tested\n");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
