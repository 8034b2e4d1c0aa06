/* SPDX-License-Identifier: MIT */
/* Faults begin, end and last to the microsecond, in a session whose clock the test turns. */
#include "tests/unit/memory_fixture.h"

#define MS ((time_us)US_PER_MS)
#define S ((time_us)US_PER_S)

/* When the byte at `offset` came out at the client, counted from the opening. */
static time_us came_at(const struct memory_session *it, size_t offset)
{
    const struct memory_endpoint *end = &it->end[SIDE_CLIENT];
    for (size_t i = 0; i < end->send_count; i++)
        if (offset < end->sends[i].end)
            return end->sends[i].at - MEMORY_START;
    fail_msg("byte %zu has not come, %zu bytes have\n%s", offset, end->out_len, it->log);
    return 0;
}

static void feed_server(struct memory_session *it, size_t n)
{
    unsigned char *bytes = calloc(1, n);
    assert_non_null(bytes);
    memory_session_feed(it, SIDE_SERVER, bytes, n);
    free(bytes);
}

/* When the n-th event of this kind was, counted from the opening. */
static time_us happened_at(const struct memory_session *it, enum event_kind kind, unsigned n)
{
    const struct memory_injected *injected = memory_session_injected(it, kind, n);
    if (injected == NULL)
        fail_msg("there was no event %u of that kind\n%s", n, it->log);
    return injected->at - MEMORY_START;
}

static void a_time_counts_from_the_opening(void **state)
{
    struct memory_session *it = open_with(state, F
        "type = stall\nwhen = time:5ms\nuntil = time:9ms\n" G "type = connect_delay\nfor = 2ms\n");
    memory_session_advance(it, 20 * MS);
    assert_int_equal(happened_at(it, EVENT_FAULT, 0), 0); /* the delay */
    assert_int_equal(happened_at(it, EVENT_FAULT, 1), 7 * MS);
    assert_int_equal(happened_at(it, EVENT_FAULT_OVER, 0), 11 * MS);
    close_it(state);
}

/* Early bytes of the client wait in its socket. They must not change the forwarded bytes. */
static void no_byte_moves_before_the_first_edge_of_both_directions(void **state)
{
    struct memory_session *it =
        open_with(state, F "type = close\ndirection = downstream\nwhen = bytes:0\n" G
                           "type = connect_delay\nfor = 2ms\n");
    memory_session_feed(it, SIDE_CLIENT, "early", 5);
    memory_session_advance(it, 3 * MS);
    assert_int_equal(it->injected_count, 2);
    memory_session_expect(it, SIDE_SERVER, "", 0);
    close_it(state);
}

static void silence_in_both_directions_is_idleness(void **state)
{
    struct memory_session *it =
        open_with(state, F "type = half_close\nside = client\nwhen = idle:5ms\n");
    for (int i = 0; i < 10; i++) {
        memory_session_advance(it, 5 * MS - 1);
        memory_session_feed(it, (enum side)(i % 2), "x", 1);
    }
    assert_int_equal(it->injected_count, 0);
    time_us last = it->now - MEMORY_START;
    memory_session_advance(it, 5 * MS - 1);
    assert_int_equal(it->injected_count, 0);
    memory_session_advance(it, 1);
    assert_int_equal(happened_at(it, EVENT_FAULT, 0), last + 5 * MS);
    close_it(state);
}

static void a_duration_ends_a_lasting_fault(void **state)
{
    struct memory_session *it = open_with(state, F "type = stall\nwhen = bytes:3\nfor = 5ms\n");
    memory_session_advance(it, 1 * MS);
    memory_session_feed(it, SIDE_SERVER, "01234", 5);
    memory_session_advance(it, 10 * MS);
    assert_int_equal(came_at(it, 2), 1 * MS);
    assert_int_equal(came_at(it, 3), 6 * MS);
    assert_int_equal(happened_at(it, EVENT_FAULT_OVER, 0), 6 * MS);
    close_it(state);
}

/* A lasting fault whose trigger came early waits for its window; a one-shot one has missed it. */
static void a_window_opens_and_closes(void **state)
{
    struct memory_session *it = open_with(state,
        F "type = stall\nactive = 5ms-9ms\n" G "type = reset\nwhen = bytes:1\nactive = 5ms-\n");
    memory_session_feed(it, SIDE_SERVER, "0", 1);
    memory_session_advance(it, 5 * MS);
    memory_session_feed(it, SIDE_SERVER, "1", 1);
    memory_session_advance(it, 20 * MS);
    assert_int_equal(happened_at(it, EVENT_FAULT, 0), 5 * MS);
    assert_int_equal(happened_at(it, EVENT_FAULT_OVER, 0), 9 * MS);
    assert_int_equal(came_at(it, 0), 0);
    assert_int_equal(came_at(it, 1), 9 * MS);
    assert_int_equal(it->injected_count, 2);
    assert_int_equal(it->ended, 0);
    close_it(state);
}

static void a_window_that_has_closed_lets_nothing_begin(void **state)
{
    struct memory_session *it =
        open_with(state, F "type = stall\nwhen = time:10ms\nactive = 0s-5ms\n");
    memory_session_advance(it, 20 * MS);
    assert_int_equal(it->injected_count, 0);
    close_it(state);
}

static void it_happens_in_so_many_connections(void **state)
{
    struct fixture *fixture = *state;
    memory_proxy_init(&fixture->proxy, F "type = stall\ntimes = 2\nfor = 1ms\ndirection = both\n");
    for (uint64_t number = 1; number <= 4; number++) {
        memory_session_open(&fixture->it, &fixture->proxy, number);
        memory_session_advance(&fixture->it, 5 * MS);
        assert_int_equal(fixture->it.injected_count, number <= 2 ? 4 : 0);
        memory_session_close(&fixture->it);
    }
    memory_proxy_deinit(&fixture->proxy);
}

/* The effect before the trigger is undone when the trigger comes in vain. */
static void a_fault_that_may_not_happen_any_more_lets_go(void **state)
{
    struct fixture *fixture = *state;
    struct memory_session *second = calloc(1, sizeof *second);
    static const char text[] =
        F "type = unread\nside = server\nhold = open\nwhen = time:1ms\ntimes = 1\n";
    assert_non_null(second);
    memory_session_init(second, CAP);
    memory_proxy_init(&fixture->proxy, text);
    memory_session_open(&fixture->it, &fixture->proxy, 1);
    memory_session_open(second, &fixture->proxy, 2);
    memory_session_advance(&fixture->it, 1 * MS);
    memory_session_feed(second, SIDE_SERVER, "01", 2);
    memory_session_advance(second, 1 * MS);
    memory_session_expect(second, SIDE_CLIENT, "01", 2);
    memory_session_close(&fixture->it);
    memory_session_close(second);
    memory_session_deinit(second);
    memory_proxy_deinit(&fixture->proxy);
    free(second);
}

static void an_end_that_has_passed_ends_at_once(void **state)
{
    struct memory_session *it =
        open_with(state, F "type = corrupt\nrate = 100%\nwhen = time:5ms\nuntil = bytes:2\n");
    memory_session_feed(it, SIDE_SERVER, "0123", 4);
    memory_session_advance(it, 10 * MS);
    memory_session_feed(it, SIDE_SERVER, "4567", 4);
    memory_session_expect(it, SIDE_CLIENT, "01234567", 8);
    close_it(state);
}

/* A fault that began by time ends at the very byte too. */
static void an_end_at_a_byte_holds_whatever_began(void **state)
{
    struct memory_session *it = open_with(
        state, F "type = corrupt\nrate = 100%\nbits = 8\nwhen = time:5ms\nuntil = bytes:6\n");
    memory_session_feed(it, SIDE_SERVER, "0123", 4);
    memory_session_advance(it, 10 * MS);
    memory_session_feed(it, SIDE_SERVER, "4567", 4);
    memory_session_expect(it, SIDE_CLIENT,
        "0123\xcb\xca"
        "67",
        8);
    close_it(state);
}

static void a_fault_at_accept_that_takes_time_does_not_spin(void **state)
{
    struct memory_session *it =
        open_with(state, F "type = close\nwhen = accept\nside = client\nlinger = 1s\n");
    assert_true(it->end[SIDE_CLIENT].fin_out);
    assert_int_equal(it->ended, 0);
    memory_session_advance(it, 1 * S);
    assert_int_equal(it->ended, 1);
    close_it(state);
}

/* --- shaping --- */

static void every_byte_is_late_by_the_delay_and_never_early(void **state)
{
    struct memory_session *it = open_with(state, F "type = latency\ndelay = 1500us\n");
    time_us sent_at[200];
    for (size_t i = 0; i < COUNT(sent_at); i++) {
        sent_at[i] = it->now - MEMORY_START;
        feed_server(it, 1);
        memory_session_advance(it, i * 7 % 100);
    }
    memory_session_feed_fin(it, SIDE_SERVER);
    memory_session_advance(it, 1500 - 1);
    assert_false(it->end[SIDE_CLIENT].fin_out);
    memory_session_advance(it, 1);
    assert_true(it->end[SIDE_CLIENT].fin_out);
    for (size_t i = 0; i < COUNT(sent_at); i++)
        assert_int_equal(came_at(it, i), sent_at[i] + 1500);
    close_it(state);
}

static void a_reset_is_late_too(void **state)
{
    struct memory_session *it = open_with(state, F "type = latency\ndelay = 10ms\n");
    memory_session_feed(it, SIDE_SERVER, "x", 1);
    memory_session_feed_rst(it, SIDE_SERVER);
    memory_session_advance(it, 10 * MS - 1);
    assert_int_equal(it->ended, 0);
    assert_int_equal(it->end[SIDE_CLIENT].out_len, 0);
    memory_session_advance(it, 1);
    assert_int_equal(it->ended, 1);
    assert_int_equal(came_at(it, 0), 10 * MS);
    close_it(state);
}

/* 40 kB a millisecond, and 100 ms of it under way: only the buffer limits it. */
static void latency_does_not_cut_throughput(void **state)
{
    struct memory_session *it =
        open_with(state, "[proxy a]\nlisten = 127.0.0.1:1\nupstream = 127.0.0.1:2\nbuffer = 64M\n" F
                         "type = latency\ndelay = 100ms\n");
    for (int i = 0; i < 100; i++) {
        feed_server(it, 40000);
        assert_int_equal(it->end[SIDE_SERVER].in_read, it->end[SIDE_SERVER].in_len);
        memory_session_advance(it, 1 * MS);
    }
    memory_session_advance(it, 100 * MS);
    for (size_t i = 0; i < 100; i++)
        assert_int_equal(came_at(it, i * 40000 + 39999), (100 + i) * MS);
    close_it(state);
}

/* The draws of a jitter follow from the offset in a burst, and order is kept. */
static void jitter_is_the_same_for_any_pieces(void **state)
{
    static const char text[] = F "type = latency\ndelay = 5ms\njitter = 10ms\n";
    time_us want[20];
    for (size_t piece = 40000; piece > 3; piece /= 3) {
        struct memory_session *it = open_with(state, text);
        for (size_t at = 0; at < 40000; at += piece)
            feed_server(it, piece < 40000 - at ? piece : 40000 - at);
        memory_session_advance(it, 1 * S);
        for (size_t i = 0; i < COUNT(want); i++) {
            time_us came = came_at(it, i * 2000);
            want[i] = piece == 40000 ? came : want[i];
            if (came != want[i])
                fail_msg("pieces of %zu: byte %zu came at %ju, want %ju", piece, i * 2000,
                    (uintmax_t)came, (uintmax_t)want[i]);
        }
        close_it(state);
    }
    assert_true(want[0] < want[19]);
}

/* Two seconds of a rate, from a sender that is never late. */
static void a_bandwidth_is_met_within_a_hundredth(void **state)
{
    static const struct {
        const char *rate;
        size_t bytes; /* in two seconds */
    } rows[] = {{"10000/s", 20000}, {"123456/s", 246912}, {"1000000/s", 2000000}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        char text[128];
        snprintf(text, sizeof text, F "type = bandwidth\nrate = %s\nburst = 1\n", rows[i].rate);
        struct memory_session *it = open_with(state, text);
        feed_server(it, 2 * rows[i].bytes);
        memory_session_advance(it, 2 * S);
        size_t got = it->end[SIDE_CLIENT].out_len;
        if (got < rows[i].bytes * 99 / 100 || got > rows[i].bytes * 101 / 100)
            fail_msg("%s: %zu bytes in two seconds, want %zu", rows[i].rate, got, rows[i].bytes);
        close_it(state);
    }
}

static void slices_have_their_size_and_their_gap(void **state)
{
    for (size_t piece = 1; piece <= 100; piece += 33) {
        struct memory_session *it = open_with(state, F "type = slice\nsize = 10\ngap = 1ms\n");
        for (size_t at = 0; at < 100; at += piece)
            feed_server(it, piece < 100 - at ? piece : 100 - at);
        memory_session_advance(it, 1 * S);
        const struct memory_endpoint *end = &it->end[SIDE_CLIENT];
        assert_int_equal(end->out_len, 100);
        for (size_t at = 0; at < 100; at++)
            assert_int_equal(came_at(it, at), at / 10 * MS);
        for (size_t i = 0; i < end->send_count; i++) {
            assert_true(end->sends[i].whole);
            assert_true(i == 0 || (end->sends[i].end - 1) / 10 == end->sends[i - 1].end / 10);
        }
        assert_true(piece < 10 || end->send_count == 10);
        close_it(state);
    }
}

/* The gates stand one behind the other: the last of them says when. */
static void the_slowest_gate_decides(void **state)
{
    struct memory_session *it = open_with(
        state, F "type = latency\ndelay = 5ms\n" G "type = slice\nsize = 10\ngap = 3ms\n");
    feed_server(it, 30);
    memory_session_advance(it, 1 * S);
    for (size_t at = 0; at < 30; at++)
        assert_int_equal(came_at(it, at), 5 * MS + at / 10 * 3 * MS);
    close_it(state);
}

/* A late turn finds several due: the first in time ends the connection, not the first of the
 * file. */
static void of_several_times_in_one_turn_the_earliest_comes_first(void **state)
{
    struct memory_session *it =
        open_with(state, F "type = close\nwhen = time:20ms\n" G "type = reset\nwhen = time:10ms\n");
    it->now += 30 * US_PER_MS;
    memory_session_settle(it);
    assert_int_equal(it->ended, 1);
    expect_logged(it, "fault g reset", 1);
    expect_logged(it, "closed fault g, 1 faults", 1);
    expect_logged(it, "fault f", 0);
    close_it(state);
}

static void a_reset_is_late_although_reading_is_paused(void **state)
{
    struct memory_session *it =
        open_with(state, F "type = latency\ndelay = 500ms\n" G "type = stall\nwhen = time:1s\n");
    memory_session_advance(it, 2 * US_PER_S);
    memory_session_feed_rst(it, SIDE_SERVER);
    memory_session_advance(it, 499 * US_PER_MS);
    assert_int_equal(it->ended, 0);
    memory_session_advance(it, 1 * US_PER_MS);
    assert_int_equal(it->ended, 1);
    close_it(state);
}

/* It is late for both its end and its time. */
static void an_end_before_the_time_comes_first_in_one_turn(void **state)
{
    struct memory_session *it =
        open_with(state, F "type = reset_peer\ntimeout = 20ms\nuntil = time:10ms\n");
    it->now += 30 * US_PER_MS;
    memory_session_settle(it);
    assert_int_equal(it->ended, 0);
    expect_logged(it, "fault_over f", 1);
    close_it(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_time_counts_from_the_opening),
        TEST(no_byte_moves_before_the_first_edge_of_both_directions),
        TEST(silence_in_both_directions_is_idleness),
        TEST(a_duration_ends_a_lasting_fault),
        TEST(a_window_opens_and_closes),
        TEST(a_window_that_has_closed_lets_nothing_begin),
        TEST(it_happens_in_so_many_connections),
        TEST(a_fault_that_may_not_happen_any_more_lets_go),
        TEST(an_end_that_has_passed_ends_at_once),
        TEST(an_end_at_a_byte_holds_whatever_began),
        TEST(a_fault_at_accept_that_takes_time_does_not_spin),
        TEST(every_byte_is_late_by_the_delay_and_never_early),
        TEST(a_reset_is_late_too),
        TEST(a_reset_is_late_although_reading_is_paused),
        TEST(latency_does_not_cut_throughput),
        TEST(jitter_is_the_same_for_any_pieces),
        TEST(a_bandwidth_is_met_within_a_hundredth),
        TEST(slices_have_their_size_and_their_gap),
        TEST(the_slowest_gate_decides),
        TEST(of_several_times_in_one_turn_the_earliest_comes_first),
        TEST(an_end_before_the_time_comes_first_in_one_turn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
