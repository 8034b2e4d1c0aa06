/* SPDX-License-Identifier: MIT */
/*
 * The types that Toxiproxy calls toxics, to the byte and the microsecond: what goes, what does not,
 * and what becomes of both sides when they are over.
 */
#include "tests/unit/memory_fixture.h"

#define MS ((time_us)US_PER_MS)
#define S ((time_us)US_PER_S)

static const char digits[] = "0123456789abcdefghij";

/* How the peer of a side saw its connection end, and how many bytes it got. */
static void expect_end(
    const struct memory_session *it, enum side side, size_t bytes, enum endpoint_close how)
{
    const struct memory_endpoint *end = &it->end[side];
    if (end->out_len != bytes || !end->closed || end->how != how)
        fail_msg("%s got %zu bytes, want %zu; closed: %d, how: %d, want %d\n%s", side_name(side),
            end->out_len, bytes, end->closed, end->how, how, it->log);
}

/* Both peers got a FIN, and have closed as well. */
static void expect_fins(struct memory_session *it, size_t client_got, size_t server_got)
{
    for (int side = 0; side < 2; side++)
        if (!it->end[side].fin_out)
            fail_msg("no FIN for the %s\n%s", side_name((enum side)side), it->log);
    memory_session_feed_fin(it, SIDE_CLIENT);
    if (it->ended == 0)
        memory_session_feed_fin(it, SIDE_SERVER);
    expect_end(it, SIDE_CLIENT, client_got, ENDPOINT_CLOSE_PLAIN);
    expect_end(it, SIDE_SERVER, server_got, ENDPOINT_CLOSE_PLAIN);
    assert_int_equal(it->cause, CAUSE_FAULT);
}

/* --- limit_data --- */

static void a_limit_is_exact_whatever_the_pieces(void **state)
{
    for (size_t piece = 1; piece <= sizeof digits - 1; piece++) {
        struct memory_session *it = open_with(state, F "type = limit_data\nbytes = 7\n");
        memory_session_feed(it, SIDE_CLIENT, "up", 2);
        for (size_t at = 0; at + 1 < sizeof digits; at += piece) {
            size_t left = sizeof digits - 1 - at;
            memory_session_feed(it, SIDE_SERVER, digits + at, piece < left ? piece : left);
            assert_int_equal(it->end[SIDE_CLIENT].fin_out, at + piece >= 7);
        }
        memory_session_expect(it, SIDE_CLIENT, digits, 7);
        expect_fins(it, 7, 2);
        close_it(state);
    }
}

static void a_limit_of_nothing_waits_for_a_byte(void **state)
{
    struct memory_session *it = open_with(state, F "type = limit_data\nbytes = 0\n");
    memory_session_feed(it, SIDE_CLIENT, "up", 2);
    memory_session_advance(it, 10 * S);
    assert_false(it->end[SIDE_CLIENT].fin_out);
    memory_session_feed(it, SIDE_SERVER, digits, 1);
    expect_fins(it, 0, 2);
    close_it(state);
}

static void a_limit_counts_from_where_it_begins(void **state)
{
    struct memory_session *it =
        open_with(state, F "type = limit_data\nbytes = 4\nwhen = bytes:6\n");
    memory_session_feed(it, SIDE_SERVER, digits, 5);
    memory_session_feed(it, SIDE_SERVER, digits + 5, 15);
    memory_session_expect(it, SIDE_CLIENT, digits, 10);
    expect_fins(it, 10, 0);
    close_it(state);
}

/* Bytes that had arrived before it began, but had not gone, are counted as well. */
static void a_limit_counts_what_waits(void **state)
{
    struct memory_session *it =
        open_with(state, F "type = limit_data\nbytes = 2\nwhen = time:1ms\n");
    memory_session_open_window(it, SIDE_CLIENT, 3);
    memory_session_feed(it, SIDE_SERVER, digits, 8);
    memory_session_advance(it, 1 * MS);
    memory_session_open_window(it, SIDE_CLIENT, SIZE_MAX);
    memory_session_expect(it, SIDE_CLIENT, digits, 5);
    expect_fins(it, 5, 0);
    close_it(state);
    it = open_with(state, F "type = limit_data\nbytes = 0\nwhen = time:1ms\n");
    memory_session_open_window(it, SIDE_CLIENT, 3);
    memory_session_feed(it, SIDE_SERVER, digits, 8);
    memory_session_advance(it, 1 * MS);
    memory_session_open_window(it, SIDE_CLIENT, SIZE_MAX);
    memory_session_expect(it, SIDE_CLIENT, digits, 3);
    expect_fins(it, 3, 0);
    close_it(state);
}

static void a_limit_that_ends_before_it_is_reached_is_none(void **state)
{
    struct memory_session *it =
        open_with(state, F "type = limit_data\nbytes = 10\nuntil = bytes:5\n");
    memory_session_feed(it, SIDE_SERVER, digits, 20);
    memory_session_expect(it, SIDE_CLIENT, digits, 20);
    assert_false(it->end[SIDE_CLIENT].fin_out);
    close_it(state);
}

static void a_fin_within_the_limit_passes(void **state)
{
    struct memory_session *it = open_with(state, F "type = limit_data\nbytes = 10\n");
    memory_session_feed(it, SIDE_SERVER, digits, 9);
    memory_session_feed_fin(it, SIDE_SERVER);
    assert_true(it->end[SIDE_CLIENT].fin_out);
    assert_false(it->end[SIDE_SERVER].fin_out);
    close_it(state);
}

/* --- timeout --- */

static void a_timeout_counts_from_the_last_byte(void **state)
{
    struct memory_session *it = open_with(state, F "type = timeout\ntimeout = 10ms\n");
    for (int i = 0; i < 5; i++) {
        memory_session_advance(it, 10 * MS - 1);
        memory_session_feed(it, SIDE_SERVER, "x", 1);
        memory_session_feed(it, SIDE_CLIENT, "u", 1);
    }
    memory_session_advance(it, 5 * MS);
    memory_session_feed(it, SIDE_CLIENT, "u", 1); /* the other direction does not count */
    memory_session_advance(it, 5 * MS - 1);
    assert_false(it->end[SIDE_CLIENT].fin_out);
    memory_session_advance(it, 1);
    expect_fins(it, 0, 6);
    close_it(state);
}

static void a_timeout_without_bytes_counts_from_its_begin(void **state)
{
    struct memory_session *it =
        open_with(state, F "type = timeout\ntimeout = 10ms\nwhen = time:5ms\n");
    memory_session_advance(it, 15 * MS - 1);
    assert_false(it->end[SIDE_CLIENT].fin_out);
    memory_session_advance(it, 1);
    expect_fins(it, 0, 0);
    close_it(state);
}

static void a_timeout_of_nothing_never_comes_and_a_fin_passes(void **state)
{
    struct memory_session *it = open_with(state, F "type = timeout\n");
    memory_session_feed(it, SIDE_SERVER, digits, 5);
    memory_session_advance(it, 3600 * S);
    assert_false(it->end[SIDE_CLIENT].fin_out);
    memory_session_feed_fin(it, SIDE_SERVER);
    assert_true(it->end[SIDE_CLIENT].fin_out);
    assert_int_equal(it->end[SIDE_CLIENT].out_len, 0);
    close_it(state);
}

static void a_timeout_that_is_ended_closes_both_sides(void **state)
{
    struct memory_session *it = open_with(state, F "type = timeout\nuntil = time:5ms\n");
    memory_session_advance(it, 5 * MS);
    expect_fins(it, 0, 0);
    close_it(state);
}

/* --- reset_peer --- */

static void expect_resets(const struct memory_session *it, size_t server_got)
{
    expect_end(it, SIDE_CLIENT, 0, ENDPOINT_CLOSE_RESET);
    expect_end(it, SIDE_SERVER, server_got, ENDPOINT_CLOSE_RESET);
}

static void a_reset_comes_on_time_whatever_came_before(void **state)
{
    for (int deed = 0; deed < 3; deed++) {
        struct memory_session *it = open_with(state, F "type = reset_peer\ntimeout = 10ms\n");
        memory_session_feed(it, SIDE_CLIENT, "up", 2);
        memory_session_advance(it, 9 * MS);
        if (deed >= 1)
            memory_session_feed(it, SIDE_SERVER, digits, 5);
        if (deed >= 2)
            memory_session_feed_fin(it, SIDE_SERVER);
        memory_session_advance(it, 1 * MS - 1);
        assert_int_equal(it->ended, 0);
        assert_false(it->end[SIDE_CLIENT].fin_out);
        memory_session_advance(it, 1);
        expect_resets(it, 2);
        assert_int_equal(it->cause, deed >= 2 ? CAUSE_SERVER_FIN : CAUSE_FAULT);
        close_it(state);
    }
}

static void a_reset_without_a_wait_comes_with_the_first_byte_of_the_client(void **state)
{
    for (int d = 0; d < 2; d++) {
        struct memory_session *it = open_with(state,
            d == 0 ? F "type = reset_peer\ndirection = upstream\n" : F "type = reset_peer\n");
        memory_session_feed(it, SIDE_SERVER, digits, 5); /* does not prove anything */
        memory_session_advance(it, 249 * MS);
        assert_int_equal(it->ended, 0);
        memory_session_feed(it, SIDE_CLIENT, "x", 1);
        expect_end(it, SIDE_CLIENT, d == 0 ? 5 : 0, ENDPOINT_CLOSE_RESET);
        expect_end(it, SIDE_SERVER, d == 0 ? 0 : 1, ENDPOINT_CLOSE_RESET);
        assert_int_equal(it->cause, CAUSE_FAULT);
        close_it(state);
    }
}

static void a_reset_without_a_wait_comes_with_the_fin_of_the_client(void **state)
{
    struct memory_session *it = open_with(state, F "type = reset_peer\n");
    memory_session_advance(it, 1 * MS);
    assert_int_equal(it->ended, 0);
    memory_session_feed_fin(it, SIDE_CLIENT);
    expect_resets(it, 0);
    close_it(state);
}

static void a_reset_without_a_wait_does_not_wait_long_for_a_silent_client(void **state)
{
    struct memory_session *it = open_with(state, F "type = reset_peer\n");
    memory_session_advance(it, 250 * MS - 1);
    assert_int_equal(it->ended, 0);
    memory_session_advance(it, 1);
    expect_resets(it, 0);
    assert_int_equal(it->cause, CAUSE_FAULT);
    close_it(state);
}

static void a_reset_without_a_wait_knows_a_client_that_has_sent_before(void **state)
{
    struct memory_session *it = open_with(state, F "type = reset_peer\nwhen = time:1s\n");
    memory_session_feed(it, SIDE_CLIENT, "up", 2);
    memory_session_advance(it, 1000 * MS - 1);
    assert_int_equal(it->ended, 0);
    memory_session_advance(it, 1);
    expect_resets(it, 2);
    close_it(state);
}

static void a_reset_that_is_ended_early_lets_the_held_fin_go(void **state)
{
    struct memory_session *it =
        open_with(state, F "type = reset_peer\ntimeout = 10ms\nuntil = time:5ms\n");
    memory_session_feed(it, SIDE_SERVER, digits, 5);
    memory_session_feed_fin(it, SIDE_SERVER);
    memory_session_advance(it, 5 * MS);
    assert_true(it->end[SIDE_CLIENT].fin_out);
    assert_int_equal(it->end[SIDE_CLIENT].out_len, 0);
    memory_session_advance(it, 1 * S);
    assert_int_equal(it->ended, 0);
    close_it(state);
}

/* --- slow_close --- */

static void slow_closes_add_up(void **state)
{
    struct memory_session *it = open_with(
        state, F "type = slow_close\ndelay = 10ms\n" G "type = slow_close\ndelay = 7ms\n");
    memory_session_feed(it, SIDE_SERVER, digits, 5);
    memory_session_expect(it, SIDE_CLIENT, digits, 5);
    memory_session_feed_fin(it, SIDE_SERVER);
    memory_session_advance(it, 17 * MS - 1);
    assert_false(it->end[SIDE_CLIENT].fin_out);
    memory_session_advance(it, 1);
    assert_true(it->end[SIDE_CLIENT].fin_out);
    memory_session_feed_fin(it, SIDE_CLIENT); /* the other direction is none of its business */
    assert_int_equal(it->ended, 1);
    close_it(state);
}

static void a_slow_close_of_nothing_is_none(void **state)
{
    struct memory_session *it = open_with(state, F "type = slow_close\ndelay = 0\n");
    memory_session_feed_fin(it, SIDE_SERVER);
    assert_true(it->end[SIDE_CLIENT].fin_out);
    close_it(state);
}

/* --- latency, bandwidth, lossy, noop --- */

static void latencies_add_up(void **state)
{
    static const unsigned char bytes[3000];
    struct memory_session *it =
        open_with(state, F "type = latency\ndelay = 10ms\n[fault up]\ntype = latency\ndelay = 5s\n"
                           "direction = upstream\n" G "type = latency\ndelay = 7ms\njitter = 2ms\n"
                           "[fault h]\ntype = latency\ndelay = 100ms\n");
    memory_session_feed(it, SIDE_SERVER, bytes, sizeof bytes);
    memory_session_feed_fin(it, SIDE_SERVER);
    memory_session_advance(it, 115 * MS - 1);
    assert_int_equal(it->end[SIDE_CLIENT].out_len, 0);
    memory_session_advance(it, 4 * MS + 1);
    assert_int_equal(it->end[SIDE_CLIENT].out_len, sizeof bytes);
    assert_true(it->end[SIDE_CLIENT].fin_out);
    close_it(state);
}

static void a_rate_of_nothing_stops_everything_and_then_goes_on(void **state)
{
    struct memory_session *it =
        open_with(state, F "type = bandwidth\nrate = 0/s\nuntil = time:10s\n");
    memory_session_feed(it, SIDE_SERVER, digits, 20);
    memory_session_feed_fin(it, SIDE_SERVER);
    memory_session_advance(it, 10 * S - 1);
    assert_int_equal(it->end[SIDE_CLIENT].out_len, 0);
    assert_false(it->end[SIDE_CLIENT].fin_out);
    memory_session_advance(it, 1);
    memory_session_expect(it, SIDE_CLIENT, digits, 20);
    assert_true(it->end[SIDE_CLIENT].fin_out);
    close_it(state);
}

static void what_is_lost_comes_one_timeout_later(void **state)
{
    struct memory_session *it = open_with(state, F "type = lossy\nrate = 100%\n");
    static const unsigned char bytes[3000];
    memory_session_feed(it, SIDE_SERVER, bytes, sizeof bytes);
    for (unsigned segments = 0; segments < 3; segments++) {
        memory_session_advance(it, 200 * MS - 1);
        assert_int_equal(it->end[SIDE_CLIENT].out_len, segments * 1448);
        memory_session_advance(it, 1);
    }
    assert_int_equal(it->end[SIDE_CLIENT].out_len, sizeof bytes);
    close_it(state);
}

/* Messages that come one by one are segments of their own. */
static unsigned count_late(void **state, const char *text, unsigned messages, unsigned *runs)
{
    struct memory_session *it = open_with(state, text);
    unsigned late = 0;
    bool before = false;
    *runs = 0;
    for (unsigned i = 0; i < messages; i++) {
        memory_session_feed(it, SIDE_SERVER, "x", 1);
        bool is_late = it->end[SIDE_CLIENT].out_len == i;
        *runs += is_late && !before;
        late += is_late;
        before = is_late;
        memory_session_advance(it, 200 * MS);
        assert_int_equal(it->end[SIDE_CLIENT].out_len, i + 1);
    }
    close_it(state);
    return late;
}

static void as_much_is_lost_as_the_rate_says_and_in_runs_if_correlated(void **state)
{
    unsigned runs;
    unsigned late = count_late(state, F "type = lossy\nrate = 10%\n", 4000, &runs);
    assert_in_range(late, 400 - 5 * 19, 400 + 5 * 19);
    assert_in_range(runs, late * 8 / 10, late);
    late = count_late(state, F "type = lossy\nrate = 10%\ncorrelation = 80%\n", 4000, &runs);
    assert_in_range(late, 1600, 2400); /* a run is ten long, a pause as well */
    assert_in_range(runs, late / 14, late / 7);
    assert_int_equal(count_late(state, F "type = lossy\nrate = 0%\n", 1000, &runs), 0);
}

static void a_noop_says_that_it_was_there(void **state)
{
    struct memory_session *it = open_with(state, F "type = noop\nuntil = bytes:5\n");
    memory_session_feed(it, SIDE_SERVER, digits, 20);
    memory_session_expect(it, SIDE_CLIENT, digits, 20);
    assert_int_equal(it->injected_count, 2);
    assert_int_equal(it->injected[1].kind, EVENT_FAULT_OVER);
    assert_int_equal(it->injected[1].offset, 5);
    close_it(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_limit_is_exact_whatever_the_pieces),
        TEST(a_limit_of_nothing_waits_for_a_byte),
        TEST(a_limit_counts_from_where_it_begins),
        TEST(a_limit_counts_what_waits),
        TEST(a_limit_that_ends_before_it_is_reached_is_none),
        TEST(a_fin_within_the_limit_passes),
        TEST(a_timeout_counts_from_the_last_byte),
        TEST(a_timeout_without_bytes_counts_from_its_begin),
        TEST(a_timeout_of_nothing_never_comes_and_a_fin_passes),
        TEST(a_timeout_that_is_ended_closes_both_sides),
        TEST(a_reset_comes_on_time_whatever_came_before),
        TEST(a_reset_without_a_wait_comes_with_the_first_byte_of_the_client),
        TEST(a_reset_without_a_wait_comes_with_the_fin_of_the_client),
        TEST(a_reset_without_a_wait_does_not_wait_long_for_a_silent_client),
        TEST(a_reset_without_a_wait_knows_a_client_that_has_sent_before),
        TEST(a_reset_that_is_ended_early_lets_the_held_fin_go),
        TEST(slow_closes_add_up),
        TEST(a_slow_close_of_nothing_is_none),
        TEST(latencies_add_up),
        TEST(a_rate_of_nothing_stops_everything_and_then_goes_on),
        TEST(what_is_lost_comes_one_timeout_later),
        TEST(as_much_is_lost_as_the_rate_says_and_in_runs_if_correlated),
        TEST(a_noop_says_that_it_was_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
