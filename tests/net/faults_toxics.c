/* SPDX-License-Identifier: MIT */
/*
 * The types that Toxiproxy calls toxics, over real sockets: how many bytes came, whether the end
 * was a FIN or a RST, and that nothing came early. How late it may be is the machine's business.
 */
#include "tests/lib/bench.h"

#include <errno.h>
#include <linux/tcp.h> /* tcpi_data_segs_in; glibc's netinet/tcp.h does not have it */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define PLENTY (UINT64_C(64) << 20)
#define MS 1000

static unsigned char sent[200000], got[sizeof sent];

static void start(struct bench *bench, const char *fault)
{
    bench_start(bench, NULL, "", fault);
    bench_pattern(sent, sizeof sent);
}

/* Downstream, as it was sent. */
static void pass_all(const struct bench *bench)
{
    bench_pump(bench->server, bench->client, sent, sizeof sent, 7000, got);
    assert_memory_equal(got, sent, sizeof sent);
}

/* A FIN and nothing before it. */
static void expect_fin(int fd)
{
    int error;
    assert_int_equal(bench_read_end(fd, got, sizeof got, &error), 0);
    assert_int_equal(error, 0);
}

/* A RST, which is told once; behind it there is nothing. */
static void expect_rst(int fd)
{
    char byte;
    bench_expect_error(fd, ECONNRESET);
    assert_int_equal(recv(fd, &byte, 1, 0), 0);
}

static void shut_down(int fd)
{
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
}

/* --- limit_data --- */

static void limit_data_hands_on_exactly_so_many_bytes_then_closes_both(void **state)
{
    static const size_t chunks[] = {1, 1000, 1447, 50000};
    struct bench bench;
    int error;
    (void)state;
    start(&bench, "[fault f]\ntype = limit_data\nbytes = 12345\n");
    for (size_t i = 0; i < sizeof chunks / sizeof chunks[0]; i++) {
        bench_open(&bench);
        for (size_t at = 0; at < 12345; at += chunks[i]) {
            size_t left = 50000 - at;
            bench_send(bench.server, sent + at, chunks[i] < left ? chunks[i] : left);
        }
        assert_int_equal(bench_read_end(bench.client, got, sizeof got, &error), 12345);
        assert_int_equal(error, 0);
        assert_memory_equal(got, sent, 12345);
        expect_fin(bench.server);
    }
    bench_stop(&bench);
}

static void limit_data_of_nothing_closes_at_the_first_byte(void **state)
{
    struct bench bench;
    (void)state;
    start(&bench, "[fault f]\ntype = limit_data\nbytes = 0\n");
    bench_open(&bench);
    bench_send(bench.client, "up", 2);
    bench_read(bench.server, got, 2);
    bench_expect_silence(bench.client, BENCH_SILENCE_MS);
    bench_send(bench.server, "x", 1);
    expect_fin(bench.client);
    expect_fin(bench.server);
    bench_stop(&bench);
}

static void limit_data_counts_its_direction_only(void **state)
{
    struct bench bench;
    int error;
    (void)state;
    start(&bench, "[fault f]\ntype = limit_data\nbytes = 1000\ndirection = upstream\n");
    bench_open(&bench);
    pass_all(&bench);
    bench_send(bench.client, sent, 2000);
    assert_int_equal(bench_read_end(bench.server, got, sizeof got, &error), 1000);
    assert_int_equal(error, 0);
    expect_fin(bench.client);
    bench_stop(&bench);
}

/* --- timeout --- */

/* Each byte is on its way three seconds before the time of the one before it is over. */
static void timeout_drops_and_closes_both_so_long_after_the_last_byte(void **state)
{
    struct bench bench;
    (void)state;
    start(&bench, "[fault f]\ntype = timeout\ntimeout = 4s\n");
    bench_open(&bench);
    int64_t last = 0;
    for (int i = 0; i < 7; i++) {
        last = bench_now_us();
        bench_send(bench.server, sent, 1000);
        bench_wait_acked(bench.server);
        bench_send(bench.client, "up", 2);
        bench_read(bench.server, got, 2);
        bench_expect_silence(bench.client, 600);
    }
    expect_fin(bench.client);
    assert_true(bench_now_us() - last >= 4000 * MS);
    expect_fin(bench.server);
    bench_stop(&bench);
}

static void timeout_of_nothing_swallows_all_and_lets_a_fin_pass(void **state)
{
    struct bench bench;
    (void)state;
    start(&bench, "[fault f]\ntype = timeout\n");
    bench_open(&bench);
    assert_true(bench_fill(bench.server, BENCH_DEADLINE_MS, PLENTY) >= PLENTY);
    bench_wait_acked(bench.server);
    bench_expect_silence(bench.client, BENCH_SILENCE_MS);
    shut_down(bench.server);
    expect_fin(bench.client);
    bench_send(bench.client, "up", 2);
    bench_read(bench.server, got, 2);
    bench_stop(&bench);
}

/* A sender in mid-stream is not reset: what it still sends is read. */
static void timeout_that_ends_in_mid_stream_closes_with_a_fin(void **state)
{
    struct bench bench;
    (void)state;
    start(&bench, "[fault f]\ntype = timeout\nuntil = time:100ms\n");
    bench_open(&bench);
    int64_t begin = bench_now_us();
    while (bench_now_us() - begin < 200 * MS)
        bench_send(bench.server, sent, 10000);
    expect_fin(bench.client);
    expect_fin(bench.server);
    bench_stop(&bench);
}

/* --- reset_peer --- */

static void reset_peer_resets_idle_connections_after_its_time(void **state)
{
    struct bench bench;
    (void)state;
    start(&bench, "[fault f]\ntype = reset_peer\ntimeout = 100ms\n");
    int64_t begin = bench_now_us();
    bench_open(&bench);
    expect_rst(bench.client);
    assert_true(bench_now_us() - begin >= 100 * MS);
    expect_rst(bench.server);
    bench_stop(&bench);
}

static void reset_peer_passes_neither_bytes_nor_a_fin(void **state)
{
    struct bench bench;
    (void)state;
    start(&bench, "[fault f]\ntype = reset_peer\ntimeout = 6s\n");
    int64_t begin = bench_now_us();
    bench_open(&bench);
    bench_send(bench.client, "up", 2);
    bench_read(bench.server, got, 2);
    bench_send(bench.server, sent, sizeof sent);
    shut_down(bench.server);
    bench_wait_acked(bench.server);
    expect_rst(bench.client);
    assert_true(bench_now_us() - begin >= 6000 * MS);
    expect_rst(bench.server);
    bench_stop(&bench);
}

static void reset_peer_without_a_wait_resets_at_once(void **state)
{
    struct bench bench;
    (void)state;
    start(&bench, "[fault f]\ntype = reset_peer\n");
    bench_open(&bench);
    expect_rst(bench.client);
    expect_rst(bench.server);
    bench_stop(&bench);
}

/* --- slow_close --- */

static void slow_close_delays_the_fin(void **state)
{
    struct bench bench;
    (void)state;
    start(&bench, "[fault f]\ntype = slow_close\ndelay = 300ms\n");
    bench_open(&bench);
    pass_all(&bench);
    int64_t begin = bench_now_us();
    shut_down(bench.server);
    expect_fin(bench.client);
    assert_true(bench_now_us() - begin >= 300 * MS);
    bench_stop(&bench);
}

static void slow_close_delays_nothing_else(void **state)
{
    struct bench bench;
    (void)state;
    start(&bench, "[fault f]\ntype = slow_close\ndelay = 1h\n");
    bench_open(&bench);
    pass_all(&bench);
    shut_down(bench.server);
    bench_send(bench.client, "up", 2);
    bench_read(bench.server, got, 2);
    shut_down(bench.client);
    expect_fin(bench.server);
    bench_expect_silence(bench.client, BENCH_SILENCE_MS);
    bench_stop(&bench);
}

/* --- slicer, lossy, bandwidth, noop --- */

static unsigned segments_of(int fd)
{
    struct tcp_info info = {0};
    socklen_t size = sizeof info;
    assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size), 0);
    return info.tcpi_data_segs_in;
}

/* A reader that is late acknowledges late, and what is sent again is counted again: so many
 * segments say nothing of how many delays there were, but there are as many as slices of the
 * largest size. */
static void slicer_makes_segments_of_its_sizes_with_delays_between(void **state)
{
    const int least = (2000 + 149) / 150;
    struct bench bench;
    (void)state;
    start(&bench,
        "[fault f]\ntype = slicer\naverage_size = 100\nsize_variation = 50\ndelay = 10ms\n");
    bench_open(&bench);
    int64_t begin = bench_now_us();
    bench_pump(bench.server, bench.client, sent, 2000, 2000, got);
    assert_true(bench_now_us() - begin >= (least - 1) * 10 * MS);
    assert_in_range(segments_of(bench.client), least, 2000 / 50);
    assert_memory_equal(got, sent, 2000);
    bench_stop(&bench);
}

static void lossy_delays_but_loses_nothing(void **state)
{
    struct bench bench;
    int error;
    (void)state;
    start(&bench, "[fault f]\ntype = lossy\nrate = 100%\n");
    bench_open(&bench);
    int64_t begin = bench_now_us();
    bench_send(bench.server, sent, 3 * 1448);
    shut_down(bench.server);
    assert_int_equal(bench_read_end(bench.client, got, sizeof got, &error), 3 * 1448);
    assert_int_equal(error, 0);
    assert_true(bench_now_us() - begin >= 3 * 200 * MS);
    assert_memory_equal(got, sent, 3 * 1448);
    bench_stop(&bench);
}

static void bandwidth_of_nothing_stops_the_sender(void **state)
{
    struct bench bench;
    (void)state;
    start(&bench, "[fault f]\ntype = bandwidth\nrate = 0/s\n");
    bench_open(&bench);
    assert_true(bench_fill(bench.server, BENCH_SILENCE_MS, PLENTY) < PLENTY);
    bench_expect_silence(bench.client, BENCH_SILENCE_MS);
    bench_send(bench.client, "up", 2);
    bench_read(bench.server, got, 2);
    bench_stop(&bench);
}

static void noop_changes_nothing(void **state)
{
    struct bench bench;
    (void)state;
    start(&bench, "[fault f]\ntype = noop\ndirection = both\n");
    bench_open(&bench);
    pass_all(&bench);
    bench_exchange(&bench);
    shut_down(bench.client);
    expect_fin(bench.server);
    bench_stop(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(limit_data_hands_on_exactly_so_many_bytes_then_closes_both),
        cmocka_unit_test(limit_data_of_nothing_closes_at_the_first_byte),
        cmocka_unit_test(limit_data_counts_its_direction_only),
        cmocka_unit_test(timeout_drops_and_closes_both_so_long_after_the_last_byte),
        cmocka_unit_test(timeout_of_nothing_swallows_all_and_lets_a_fin_pass),
        cmocka_unit_test(timeout_that_ends_in_mid_stream_closes_with_a_fin),
        cmocka_unit_test(reset_peer_resets_idle_connections_after_its_time),
        cmocka_unit_test(reset_peer_passes_neither_bytes_nor_a_fin),
        cmocka_unit_test(reset_peer_without_a_wait_resets_at_once),
        cmocka_unit_test(slow_close_delays_the_fin),
        cmocka_unit_test(slow_close_delays_nothing_else),
        cmocka_unit_test(slicer_makes_segments_of_its_sizes_with_delays_between),
        cmocka_unit_test(lossy_delays_but_loses_nothing),
        cmocka_unit_test(bandwidth_of_nothing_stops_the_sender),
        cmocka_unit_test(noop_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
