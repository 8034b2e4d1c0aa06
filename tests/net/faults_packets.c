/* SPDX-License-Identifier: MIT */
/*
 * Faults that need CAP_NET_ADMIN: connections that vanish, segments that never arrive. Each end
 * looks at what its own kernel says: acknowledgements, retransmissions, states.
 */
#include "tests/lib/bench.h"
#include "tests/lib/private_network.h"
#include "tests/lib/records.h"
#include "tests/lib/rig.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* --- vanish --- */

/* Until the program has closed both sides. The other one ends first, and only then has the fault
 * fired; it waits for acknowledgements, which may be delayed. */
static void wait_until_vanished(const struct bench *bench, int *other, int error)
{
    unsigned char byte;
    int seen;
    assert_int_equal(bench_read_end(*other, &byte, 0, &seen), 0);
    assert_int_equal(seen, error);
    close(*other);
    *other = -1;
    char *record = records_wait(&bench->process, "closed", "p", 1);
    assert_non_null(record);
    free(record);
}

/* No FIN, no RST; a write succeeds; its answer is a RST. */
static void expect_vanished(int fd)
{
    bench_expect_silence(fd, BENCH_SILENCE_MS);
    bench_send(fd, "x", 1);
    bench_expect_error(fd, ECONNRESET);
}

static void vanish_says_nothing_until_the_next_segment(void **state)
{
    struct bench bench;
    (void)state;
    bench_start(&bench, NULL, "", "[fault f]\ntype = vanish\nside = client\nwhen = bytes:1\n");
    bench_open(&bench);
    bench_exchange(&bench);
    wait_until_vanished(&bench, &bench.server, 0);
    expect_vanished(bench.client);
    bench_stop(&bench);
}

static void vanish_of_the_server_side_with_a_reset_for_the_client(void **state)
{
    struct bench bench;
    (void)state;
    bench_start(&bench, NULL, "",
        "[fault f]\ntype = vanish\nside = server\nwhen = bytes:1\nother = reset\n");
    bench_open(&bench);
    bench_exchange(&bench);
    wait_until_vanished(&bench, &bench.client, ECONNRESET);
    expect_vanished(bench.server);
    bench_stop(&bench);
}

static void vanish_delivers_what_came_before(void **state)
{
    struct bench bench;
    static unsigned char sent[200000], got[sizeof sent];
    (void)state;
    bench_start(&bench, NULL, "", "[fault f]\ntype = vanish\nside = client\nwhen = bytes:150000\n");
    bench_open(&bench);
    bench_pattern(sent, sizeof sent);
    bench_send(bench.server, sent, sizeof sent);
    bench_read(bench.client, got, 150000);
    assert_memory_equal(got, sent, 150000);
    wait_until_vanished(&bench, &bench.server, 0);
    expect_vanished(bench.client);
    bench_stop(&bench);
}

/* --- packet_loss --- */

static void loss_of_all_is_never_acknowledged_and_heals(void **state)
{
    struct bench bench;
    char got[5];
    (void)state;
    bench_start(&bench, NULL, "",
        "[fault f]\ntype = packet_loss\nside = client\ndirection = upstream\nwhen = bytes:1\n"
        "for = 1s\n");
    bench_open(&bench);
    int64_t begin = bench_now_us();
    bench_exchange(&bench);
    bench_send(bench.client, "hello", 5);
    bench_wait_acked(bench.client);
    assert_true(bench_now_us() - begin >= 1000000);
    bench_read(bench.server, got, sizeof got);
    assert_memory_equal(got, "hello", 5);
    bench_exchange(&bench);
    bench_stop(&bench);
}

static void loss_ends_with_until(void **state)
{
    struct bench bench;
    char got[5];
    (void)state;
    bench_start(
        &bench, NULL, "", "[fault f]\ntype = packet_loss\nside = server\nuntil = time:1s\n");
    int64_t begin = bench_now_us();
    bench_open(&bench);
    bench_send(bench.client, "x", 1);
    bench_read(bench.server, got, 1); /* the fault is at work when this byte is passed on */
    bench_send(bench.server, "hello", 5);
    bench_wait_acked(bench.server);
    assert_true(bench_now_us() - begin >= 1000000);
    bench_read(bench.client, got, sizeof got);
    assert_true(bench_now_us() - begin >= 1000000);
    bench_stop(&bench);
}

static unsigned retransmissions(int fd)
{
    struct tcp_info info = {0};
    socklen_t size = sizeof info;
    assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size), 0);
    return info.tcpi_total_retrans;
}

/* Each some 16 segments of loopback size. */
#define ROUND_BYTES (1u << 20)
#define ROUNDS_MAX 64

/* Goes on until a segment was lost: that none of the first 16 is happens in every fifth run. */
static void loss_of_some_is_made_good_by_retransmission(void **state)
{
    struct bench bench;
    unsigned char *sent = malloc(ROUND_BYTES), *got = malloc(ROUND_BYTES);
    (void)state;
    assert_non_null(sent);
    assert_non_null(got);
    bench_start(&bench, NULL, "", "[fault f]\ntype = packet_loss\nside = client\nrate = 10%\n");
    bench_open(&bench);
    bench_pattern(sent, ROUND_BYTES);
    for (int i = 0; i < ROUNDS_MAX && (i < 2 || retransmissions(bench.client) == 0); i++) {
        bench_pump(bench.client, bench.server, sent, ROUND_BYTES, 32768, got);
        assert_memory_equal(got, sent, ROUND_BYTES);
    }
    assert_true(retransmissions(bench.client) > 0);
    assert_int_equal(retransmissions(bench.server), 0);
    bench_stop(&bench);
    free(sent);
    free(got);
}

static void loss_of_the_larger_ones_spares_the_small_ones(void **state)
{
    struct bench bench;
    static unsigned char large[5000], got[5000];
    (void)state;
    bench_start(
        &bench, NULL, "", "[fault f]\ntype = packet_loss\nside = client\nlarger_than = 1000\n");
    bench_open(&bench);
    bench_exchange(&bench);
    bench_send(bench.client, large, 1000);
    bench_read(bench.server, got, 1000);
    bench_send(bench.server, large, sizeof large); /* the other way all is well */
    bench_read(bench.client, got, sizeof large);
    bench_wait_acked(bench.client);
    bench_send(bench.client, large, 1001);
    bench_expect_unacked(bench.client, 700); /* with two retransmissions */
    bench_expect_silence(bench.server, 1);
    bench_stop(&bench);
}

static unsigned state_of(int fd)
{
    struct tcp_info info = {0};
    socklen_t size = sizeof info;
    assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size), 0);
    return info.tcpi_state;
}

static void loss_of_fins_leaves_the_data(void **state)
{
    struct bench bench;
    (void)state;
    bench_start(&bench, NULL, "", "[fault f]\ntype = packet_loss\nside = client\nonly = fin\n");
    bench_open(&bench);
    bench_exchange(&bench);
    bench_wait_acked(bench.client);
    assert_int_equal(shutdown(bench.client, SHUT_WR), 0);
    bench_expect_silence(bench.server, 500);
    assert_int_equal(state_of(bench.client), TCP_FIN_WAIT1);
    bench_send(bench.server, "down", 4);
    char got[4];
    bench_read(bench.client, got, 4);
    bench_stop(&bench);
}

static void loss_of_rsts_leaves_the_rest(void **state)
{
    struct bench bench;
    const struct linger reset = {1, 0};
    (void)state;
    bench_start(&bench, NULL, "", "[fault f]\ntype = packet_loss\nside = client\nonly = rst\n");
    bench_open(&bench);
    bench_exchange(&bench);
    assert_int_equal(setsockopt(bench.client, SOL_SOCKET, SO_LINGER, &reset, sizeof reset), 0);
    close(bench.client);
    bench.client = -1;
    bench_expect_silence(bench.server, BENCH_SILENCE_MS);
    bench_send(bench.server, "down", 4); /* also the RST that answers this is lost */
    bench_expect_silence(bench.server, BENCH_SILENCE_MS);
    bench_stop(&bench);
}

static void loss_of_data_leaves_fins_and_acknowledgements(void **state)
{
    struct bench bench;
    char got[4];
    (void)state;
    bench_start(&bench, NULL, "",
        "[fault f]\ntype = packet_loss\nside = client\nonly = data\ndirection = upstream\n"
        "when = bytes:1\nconnections = 1\n");
    bench_open(&bench);
    bench_exchange(&bench);
    bench_send(bench.server, "down", 4);
    bench_read(bench.client, got, 4);
    bench_send(bench.client, "up", 2);
    bench_expect_unacked(bench.client, 300);
    bench_expect_silence(bench.server, 1);
    bench_stop(&bench);
}

/* A file cannot have these faults there; the API can. */
static void a_unix_socket_has_no_segments(void **state)
{
    struct rig *rig = *state;
    char folder[] = "/tmp/rudeproxy-packets.XXXXXX", words[128];
    assert_non_null(mkdtemp(folder));
    snprintf(words, sizeof words, "listen=unix:%s/s upstream=builtin:echo", folder);
    assert_int_equal(rig_add_proxy(rig, "a", words), CONTROL_OK);
    assert_int_equal(rig_add(rig, "a", "loss", "type=packet_loss side=client"), CONTROL_OK);
    assert_int_equal(
        rig_add(rig, "a", "gone", "type=vanish side=client when=bytes:1 direction=upstream"),
        CONTROL_OK);
    int first = rig_connect(rig, "a");
    assert_true(first >= 0);
    rig_echo(rig, first, 100);
    assert_int_equal(rig->events[EVENT_FAULT_FAILED], 2);
    assert_int_equal(rig_add(rig, "a", "deaf", "type=syn_blackhole"), CONTROL_OK);
    RIG_WAIT(rig, rig->events[EVENT_FAULT_FAILED] >= 3);
    int second = rig_connect(rig, "a");
    assert_true(second >= 0);
    rig_echo(rig, second, 100);
    assert_int_equal(rig->events[EVENT_FAULT], 0);
    close(first);
    close(second);
    RIG_WAIT(rig, rig->events[EVENT_CLOSED] == 2);
    assert_int_equal(control_remove_proxy(&rig->control, "a", &rig->err), CONTROL_OK);
    assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vanish_says_nothing_until_the_next_segment),
        cmocka_unit_test(vanish_of_the_server_side_with_a_reset_for_the_client),
        cmocka_unit_test(vanish_delivers_what_came_before),
        cmocka_unit_test(loss_of_all_is_never_acknowledged_and_heals),
        cmocka_unit_test(loss_ends_with_until),
        cmocka_unit_test(loss_of_some_is_made_good_by_retransmission),
        cmocka_unit_test(loss_of_the_larger_ones_spares_the_small_ones),
        cmocka_unit_test(loss_of_fins_leaves_the_data),
        cmocka_unit_test(loss_of_rsts_leaves_the_rest),
        cmocka_unit_test(loss_of_data_leaves_fins_and_acknowledgements),
        cmocka_unit_test_setup_teardown(a_unix_socket_has_no_segments, rig_setup, rig_teardown),
    };
    if (!private_network_try()) {
        printf("skipped: no CAP_NET_ADMIN, and no user namespace to have it in\n");
        return 77;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
