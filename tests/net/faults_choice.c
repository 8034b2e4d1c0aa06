/* SPDX-License-Identifier: MIT */
/*
 * To which connections a fault comes, and when: the envelope that all types have in common, over
 * real sockets. The fault is a byte that is inserted before the first one of the reply: it is there
 * or it is not, and the next connection is as good as the one before.
 */
#include "tests/lib/bench.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* The first byte that an echo server's client gets for its 'x'. */
static char first_byte(const struct bench *bench, const char *from)
{
    char byte = 'x';
    int fd = bench_connect(bench, from);
    bench_send(fd, &byte, 1);
    bench_read(fd, &byte, 1);
    close(fd);
    return byte;
}

#define CONNECTIONS 30

static void run_lottery(const char *globals, const char *more, char drawn[CONNECTIONS + 1])
{
    struct bench bench;
    char faults[512];
    snprintf(faults, sizeof faults,
        "%s[fault f]\ntype = inject\nwhen = open\ndata = \"!\"\nchance = 40%%\n", more);
    bench_start(&bench, "builtin:echo", globals, faults);
    for (int i = 0; i < CONNECTIONS; i++)
        drawn[i] = first_byte(&bench, NULL);
    drawn[CONNECTIONS] = '\0';
    bench_stop(&bench);
}

static void chance_is_the_same_in_every_run_with_one_seed(void **state)
{
    char first[CONNECTIONS + 1], again[CONNECTIONS + 1];
    (void)state;
    run_lottery("seed = 42", "", first);
    size_t hit = 0;
    for (size_t i = 0; i < CONNECTIONS; i++)
        hit += first[i] == '!';
    assert_in_range(hit, 3, 25); /* of 12 expected; the draws are fixed, only the seed chooses */
    for (int run = 0; run < 2; run++) {
        run_lottery("seed = 42", "", again);
        assert_string_equal(again, first);
    }
    run_lottery("seed = 43", "", again);
    assert_string_not_equal(again, first);
}

static void another_fault_does_not_move_the_draws(void **state)
{
    char first[CONNECTIONS + 1], again[CONNECTIONS + 1];
    (void)state;
    run_lottery("seed = 42", "", first);
    run_lottery("seed = 42",
        "[fault before]\ntype = latency\ndelay = 1ms\njitter = 1ms\nchance = 50%\n", again);
    assert_string_equal(again, first);
}

static void clients_are_chosen_by_their_address(void **state)
{
    struct bench bench;
    (void)state;
    bench_start(&bench, "builtin:echo", "",
        "[fault f]\ntype = inject\nwhen = open\ndata = \"2\"\nclients = 127.0.0.2\n"
        "[fault g]\ntype = inject\nwhen = open\ndata = \"4\"\nclients = 127.0.0.4/30\n");
    for (int i = 0; i < 2; i++) {
        assert_int_equal(first_byte(&bench, "127.0.0.1"), 'x');
        assert_int_equal(first_byte(&bench, "127.0.0.2"), '2');
        assert_int_equal(first_byte(&bench, "127.0.0.3"), 'x');
        assert_int_equal(first_byte(&bench, "127.0.0.4"), '4');
        assert_int_equal(first_byte(&bench, "127.0.0.7"), '4');
        assert_int_equal(first_byte(&bench, "127.0.0.8"), 'x');
    }
    bench_stop(&bench);
}

/* First the one, then the other; no connection without either, and no way back. */
static void active_windows_open_and_close(void **state)
{
    struct bench bench;
    char before = 'a';
    (void)state;
    bench_start(&bench, "builtin:echo", "",
        "[fault a]\ntype = inject\nwhen = open\ndata = \"a\"\nactive = 0s-700ms\n"
        "[fault b]\ntype = inject\nwhen = open\ndata = \"b\"\nactive = 700ms-\n");
    int64_t until = bench_now_us() + BENCH_DEADLINE_MS * INT64_C(1000);
    for (int seen = 0; seen < 10;) {
        char byte = first_byte(&bench, NULL);
        int64_t now = bench_now_us();
        assert_true(byte == before || (before == 'a' && byte == 'b'));
        assert_true(byte == 'a' || now - bench.started_us >= 700000);
        assert_true(now < until);
        seen += byte == 'b';
        before = byte;
        (void)poll(NULL, 0, 20);
    }
    bench_stop(&bench);
}

/* Pings keep it away for longer than its time; so much silence, counted from the last byte, brings
 * it. A ping may come up to two seconds late. */
static void idle_counts_from_the_last_byte(void **state)
{
    struct bench bench;
    int64_t last = 0;
    (void)state;
    bench_start(&bench, NULL, "", "[fault f]\ntype = reset\nwhen = idle:3s\n");
    bench_open(&bench);
    for (int i = 0; i < 7; i++) {
        last = bench_now_us();
        bench_exchange(&bench);
        (void)poll(NULL, 0, 500);
    }
    bench_expect_error(bench.client, ECONNRESET);
    assert_true(bench_now_us() - last >= 3000000);
    bench_stop(&bench);
}

static void time_counts_from_the_opening(void **state)
{
    struct bench bench;
    (void)state;
    bench_start(&bench, NULL, "", "[fault f]\ntype = reset\nwhen = time:300ms\n");
    int64_t begin = bench_now_us();
    bench_open(&bench);
    bench_expect_error(bench.client, ECONNRESET);
    assert_true(bench_now_us() - begin >= 300000);
    bench_stop(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chance_is_the_same_in_every_run_with_one_seed),
        cmocka_unit_test(another_fault_does_not_move_the_draws),
        cmocka_unit_test(clients_are_chosen_by_their_address),
        cmocka_unit_test(active_windows_open_and_close),
        cmocka_unit_test(idle_counts_from_the_last_byte),
        cmocka_unit_test(time_counts_from_the_opening),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
