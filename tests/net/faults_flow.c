/* SPDX-License-Identifier: MIT */
/*
 * Faults of pace, over real sockets. Times are only checked from below: nothing may come early; how
 * late it may be is the machine's business.
 */
#include "tests/lib/bench.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/tcp.h> /* tcpi_data_segs_in; glibc's netinet/tcp.h does not have it */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* Much more than the buffers of two kernels and a proxy hold. */
#define PLENTY (UINT64_C(64) << 20)

static void stall_stops_at_an_exact_byte_and_blocks_the_sender(void **state)
{
    struct bench bench;
    unsigned char got[1000];
    (void)state;
    bench_start(&bench, NULL, "", "[fault f]\ntype = stall\nwhen = bytes:1000\n");
    bench_open(&bench);
    assert_true(bench_fill(bench.server, BENCH_SILENCE_MS, PLENTY) < PLENTY);
    bench_read(bench.client, got, sizeof got);
    bench_expect_silence(bench.client, BENCH_SILENCE_MS);
    bench_send(bench.client, "up", 2);
    bench_read(bench.server, got, 2);
    bench_stop(&bench);
}

static void stall_goes_on_after_its_time_and_nothing_is_lost(void **state)
{
    struct bench bench;
    static unsigned char sent[100000], got[sizeof sent];
    (void)state;
    bench_start(&bench, NULL, "", "[fault f]\ntype = stall\nwhen = bytes:1000\nfor = 300ms\n");
    bench_pattern(sent, sizeof sent);
    bench_open(&bench);
    int64_t begin = bench_now_us();
    bench_pump(bench.server, bench.client, sent, sizeof sent, 1447, got);
    assert_true(bench_now_us() - begin >= 300000);
    assert_memory_equal(got, sent, sizeof sent);
    bench_stop(&bench);
}

/* The bytes of the server meet the closed socket of the client, whose RST reaches the proxy while
 * the FIN still waits there. Of many bytes, a later write of the proxy takes the error away. */
static void the_fin_of_a_client_that_closes_in_a_stall_comes_before_its_reset(void **state)
{
    static const size_t sizes[] = {1, 1 << 20};
    static unsigned char bytes[1 << 20];
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct bench bench;
        char got[16];
        int error;
        bench_start(&bench, NULL, "",
            "[fault f]\ntype = stall\ndirection = upstream\nwhen = bytes:0\nfor = 300ms\n");
        bench_open(&bench);
        bench_send(bench.client, "bye", 3);
        close(bench.client);
        bench.client = -1;
        bench_send(bench.server, bytes, sizes[i]);
        assert_int_equal(bench_read_end(bench.server, got, sizeof got, &error), 3);
        assert_int_equal(error, 0);
        bench_stop(&bench);
    }
}

static void blackhole_drops_from_an_exact_byte_on_and_acknowledges(void **state)
{
    struct bench bench;
    unsigned char got[1000];
    (void)state;
    bench_start(&bench, NULL, "", "[fault f]\ntype = blackhole\nwhen = bytes:1000\n");
    bench_open(&bench);
    assert_true(bench_fill(bench.server, BENCH_DEADLINE_MS, PLENTY) >= PLENTY);
    bench_wait_acked(bench.server);
    bench_read(bench.client, got, sizeof got);
    bench_expect_silence(bench.client, BENCH_SILENCE_MS);
    bench_send(bench.client, "up", 2);
    bench_read(bench.server, got, 2);
    bench_stop(&bench);
}

/* One event begins the stall and another ends it; in between, nothing is forwarded. */
static void until_ends_a_stall_by_time(void **state)
{
    struct bench bench;
    char got[4];
    (void)state;
    bench_start(
        &bench, NULL, "", "[fault f]\ntype = stall\ndirection = both\nuntil = time:300ms\n");
    int64_t begin = bench_now_us();
    bench_open(&bench);
    bench_send(bench.client, "up", 2);
    bench_send(bench.server, "down", 4);
    bench_read(bench.server, got, 2);
    bench_read(bench.client, got, 4);
    assert_true(bench_now_us() - begin >= 300000);
    bench_stop(&bench);
}

static unsigned segments_of(int fd)
{
    struct tcp_info info = {0};
    socklen_t size = sizeof info;
    assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size), 0);
    return info.tcpi_data_segs_in;
}

/* A reader that is not scheduled for a while finds several slices in one read, so the number of
 * segments is what the kernel has counted; a read still never ends within a slice. */
static void slice_arrives_in_pieces_with_gaps(void **state)
{
    struct bench bench;
    unsigned char sent[100], got[100];
    size_t have = 0;
    (void)state;
    bench_start(&bench, NULL, "", "[fault f]\ntype = slice\nsize = 10\ngap = 20ms\n");
    bench_open(&bench);
    bench_pattern(sent, sizeof sent);
    int64_t begin = bench_now_us();
    bench_send(bench.server, sent, sizeof sent);
    while (have < sizeof got) {
        struct pollfd entry = {.fd = bench.client, .events = POLLIN};
        assert_int_equal(poll(&entry, 1, BENCH_DEADLINE_MS), 1);
        ssize_t n = recv(bench.client, got + have, sizeof got - have, 0);
        assert_true(n > 0 && n % 10 == 0);
        have += (size_t)n;
    }
    assert_true(bench_now_us() - begin >= 9 * 20000);
    assert_true(segments_of(bench.client) >= 10);
    assert_memory_equal(got, sent, sizeof sent);
    bench_stop(&bench);
}

static void latency_is_never_early_in_either_direction(void **state)
{
    struct bench bench;
    char byte = 'x';
    (void)state;
    bench_start(&bench, NULL, "", "[fault f]\ntype = latency\ndirection = both\ndelay = 30ms\n");
    bench_open(&bench);
    for (int i = 0; i < 10; i++) {
        int64_t sent = bench_now_us();
        bench_send(bench.client, &byte, 1);
        bench_read(bench.server, &byte, 1);
        int64_t answered = bench_now_us();
        assert_true(answered - sent >= 30000);
        bench_send(bench.server, &byte, 1);
        bench_read(bench.client, &byte, 1);
        assert_true(bench_now_us() - answered >= 30000);
    }
    bench_stop(&bench);
}

static void latency_delays_a_fin_and_keeps_the_order(void **state)
{
    struct bench bench;
    static unsigned char sent[300000], got[sizeof sent];
    int error;
    (void)state;
    bench_start(&bench, NULL, "",
        "[fault f]\ntype = latency\ndelay = 50ms\njitter = 30ms\ndistribution = normal\n");
    bench_open(&bench);
    bench_pattern(sent, sizeof sent);
    bench_pump(bench.server, bench.client, sent, sizeof sent, 7000, got);
    assert_memory_equal(got, sent, sizeof sent);
    assert_int_equal(shutdown(bench.server, SHUT_WR), 0);
    assert_int_equal(bench_read_end(bench.client, got, sizeof got, &error), 0);
    assert_int_equal(error, 0);
    bench_stop(&bench);
}

/* Bytes wait in the kernel behind three edges: each edge would cost one delay more if they arrived
 * only when they are read. */
static void latency_delays_bytes_behind_the_edges_of_faults_once(void **state)
{
    struct bench bench;
    static unsigned char sent[1000], got[sizeof sent];
    int error;
    (void)state;
    bench_start(&bench, NULL, "",
        "[fault f]\ntype = latency\ndelay = 2s\n[fault a]\ntype = mark\nwhen = bytes:100\n"
        "[fault b]\ntype = mark\nwhen = bytes:200\n[fault c]\ntype = mark\nwhen = bytes:300\n");
    bench_open(&bench);
    bench_pattern(sent, sizeof sent);
    bench_send(bench.server, sent, sizeof sent);
    assert_int_equal(shutdown(bench.server, SHUT_WR), 0);
    bench_read(bench.client, got, 1);
    int64_t first = bench_now_us();
    assert_int_equal(bench_read_end(bench.client, got + 1, sizeof got - 1, &error), 999);
    assert_int_equal(error, 0);
    assert_memory_equal(got, sent, sizeof sent);
    assert_true(bench_now_us() - first < 1900000);
    bench_stop(&bench);
}

#define CROWD 4

/* Bytes that a rate of 200k/s with a burst of 16k has let through by now. */
static uint64_t allowed_since(int64_t begin)
{
    return (uint64_t)(bench_now_us() - begin) * 200 * 1024 / 1000000 + 16 * 1024;
}

static bool have_all(const uint64_t each[CROWD])
{
    for (int i = 0; i < CROWD; i++) {
        if (each[i] == 0)
            return false;
    }
    return true;
}

/* Reads what all of them have for a second, and then on until each had some and all had a tenth of
 * what is allowed. */
static uint64_t read_for_a_second(const int fds[CROWD], int64_t begin, uint64_t each[CROWD])
{
    static unsigned char bytes[65536];
    uint64_t total = 0;
    int64_t end = bench_now_us() + 1000000;
    while (bench_now_us() < end || !have_all(each) || total < allowed_since(begin) / 10) {
        if (bench_now_us() - end > BENCH_DEADLINE_MS * INT64_C(1000))
            fail_msg("only %" PRIu64 " bytes came", total);
        struct pollfd entries[CROWD];
        for (int i = 0; i < CROWD; i++)
            entries[i] = (struct pollfd){.fd = fds[i], .events = POLLIN};
        (void)poll(entries, CROWD, 10);
        for (int i = 0; i < CROWD; i++) {
            ssize_t n = recv(fds[i], bytes, sizeof bytes, 0);
            each[i] += n > 0 ? (uint64_t)n : 0;
            total += n > 0 ? (uint64_t)n : 0;
        }
    }
    return total;
}

static void bandwidth_of_a_proxy_is_shared_by_its_connections(void **state)
{
    struct bench bench;
    int fds[CROWD];
    uint64_t each[CROWD] = {0};
    (void)state;
    bench_start(&bench, "builtin:chargen", "",
        "[fault f]\ntype = bandwidth\nrate = 200k/s\nburst = 16k\nscope = proxy\n");
    int64_t begin = bench_now_us();
    for (int i = 0; i < CROWD; i++)
        fds[i] = bench_connect(&bench, NULL);
    uint64_t total = read_for_a_second(fds, begin, each);
    assert_true(total <= allowed_since(begin));
    for (int i = 0; i < CROWD; i++)
        close(fds[i]);
    bench_stop(&bench);
}

static void bandwidth_of_a_connection_is_its_own(void **state)
{
    struct bench bench;
    int fds[CROWD];
    uint64_t each[CROWD] = {0};
    (void)state;
    bench_start(
        &bench, "builtin:chargen", "", "[fault f]\ntype = bandwidth\nrate = 200k/s\nburst = 16k\n");
    int64_t begin = bench_now_us();
    for (int i = 0; i < CROWD; i++)
        fds[i] = bench_connect(&bench, NULL);
    (void)read_for_a_second(fds, begin, each);
    uint64_t allowed = allowed_since(begin);
    for (int i = 0; i < CROWD; i++) {
        close(fds[i]);
        assert_true(each[i] <= allowed);
    }
    bench_stop(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stall_stops_at_an_exact_byte_and_blocks_the_sender),
        cmocka_unit_test(stall_goes_on_after_its_time_and_nothing_is_lost),
        cmocka_unit_test(the_fin_of_a_client_that_closes_in_a_stall_comes_before_its_reset),
        cmocka_unit_test(blackhole_drops_from_an_exact_byte_on_and_acknowledges),
        cmocka_unit_test(until_ends_a_stall_by_time),
        cmocka_unit_test(slice_arrives_in_pieces_with_gaps),
        cmocka_unit_test(latency_is_never_early_in_either_direction),
        cmocka_unit_test(latency_delays_a_fin_and_keeps_the_order),
        cmocka_unit_test(latency_delays_bytes_behind_the_edges_of_faults_once),
        cmocka_unit_test(bandwidth_of_a_proxy_is_shared_by_its_connections),
        cmocka_unit_test(bandwidth_of_a_connection_is_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
