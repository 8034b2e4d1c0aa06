/* SPDX-License-Identifier: MIT */
/*
 * A fault that changes bytes by chance fires at the first byte that it changes, and one with a
 * limit when that is reached: neither has fired only because it became active.
 */
#include "tests/unit/adoption_fixture.h"

#define SIZE 600 /* bytes that the server sends */

static unsigned char sent[SIZE];

static void feed_in_pieces(struct memory_session *it, size_t piece)
{
    for (size_t at = 0; at < SIZE; at += piece)
        memory_session_feed(it, SIDE_SERVER, sent + at, piece < SIZE - at ? piece : SIZE - at);
}

/* Returns the offset of the first byte that came out changed. */
static size_t first_changed(const struct memory_session *it)
{
    const struct memory_endpoint *client = &it->end[SIDE_CLIENT];
    size_t at = 0;
    while (at < client->out_len && client->out[at] == sent[at])
        at++;
    assert_in_range(at, 1, client->out_len - 1); /* neither at the trigger nor never */
    return at;
}

static unsigned fired(const struct memory_session *it)
{
    return (unsigned)it->session.plan->rules[0]->fault_counter->fired;
}

static const size_t pieces[] = {1, 7, 64, SIZE};

static void corrupt_by_chance_fires_at_the_first_byte_that_it_changes(void **state)
{
    for (size_t i = 0; i < COUNT(pieces); i++) {
        struct memory_session *it = open_with(state, F "type = corrupt\nrate = 1%\n");
        assert_int_equal(it->injected_count, 0);
        feed_in_pieces(it, pieces[i]);
        assert_int_equal(memory_session_injected(it, EVENT_FAULT, 0)->offset, first_changed(it));
        assert_int_equal(it->injected_count, 1);
        assert_int_equal(fired(it), 1);
        close_it(state);
    }
}

static void a_fault_behind_it_is_armed_behind_that_byte(void **state)
{
    for (size_t i = 0; i < COUNT(pieces); i++) {
        struct memory_session *it = open_with(state,
            F "type = corrupt\nrate = 1%\n" G "type = reset\nafter = f\nwhen = bytes:3\nside = "
              "client\n");
        feed_in_pieces(it, pieces[i]);
        assert_int_equal(it->end[SIDE_CLIENT].out_len, first_changed(it) + 1 + 3);
        close_it(state);
    }
}

static void what_changes_no_byte_has_not_fired_and_is_not_over(void **state)
{
    struct memory_session *it =
        open_with(state, F "type = corrupt\nrate = 0.0001%\nuntil = bytes:500\n");
    feed_in_pieces(it, SIZE);
    memory_session_expect(it, SIDE_CLIENT, sent, SIZE);
    assert_int_equal(it->injected_count, 0);
    assert_int_equal(fired(it), 0);
    close_it(state);
}

static void a_limit_fires_when_it_is_reached(void **state)
{
    struct memory_session *it =
        open_with(state, F "type = limit_data\nbytes = 100\nwhen = bytes:50\n");
    memory_session_feed(it, SIDE_SERVER, sent, 149);
    assert_int_equal(it->injected_count, 0);
    assert_int_equal(fired(it), 0);
    memory_session_feed(it, SIDE_SERVER, sent + 149, 10);
    memory_session_expect(it, SIDE_CLIENT, sent, 150);
    assert_int_equal(memory_session_injected(it, EVENT_FAULT, 0)->offset, 150);
    assert_int_equal(memory_session_injected(it, EVENT_FAULT_OVER, 0)->offset, 150);
    assert_int_equal(fired(it), 1);
    close_it(state);
}

static void a_limit_that_is_stopped_before_has_not_fired(void **state)
{
    struct memory_session *it =
        open_with(state, F "type = limit_data\nbytes = 100\nuntil = bytes:50\n");
    feed_in_pieces(it, SIZE);
    memory_session_expect(it, SIDE_CLIENT, sent, SIZE);
    assert_int_equal(it->injected_count, 0);
    assert_int_equal(fired(it), 0);
    close_it(state);
}

/* Its times are used up while it is active: it does nothing, and the stream does not stop at every
 * byte that it would have changed. */
static void a_corrupt_without_times_left_does_not_cut_the_stream(void **state)
{
    struct memory_session *it = open_with(state, F "type = corrupt\nrate = 100%\ntimes = 1\n");
    it->session.plan->rules[0]->fault_counter->fired = 1; /* on another connection */
    memory_session_feed(it, SIDE_SERVER, sent, SIZE);
    memory_session_expect(it, SIDE_CLIENT, sent, SIZE);
    assert_int_equal(it->injected_count, 0);
    assert_in_range(it->end[SIDE_CLIENT].send_count, 1, 2);
    close_it(state);
}

/* Bytes that wait for the client were changed before the second fault became active. */
static void a_corrupt_skips_bytes_that_were_changed_before(void **state)
{
    struct memory_session *it = open_with(
        state, F "type = corrupt\nrate = 100%\n" G "type = corrupt\nrate = 100%\nwhen = time:1s\n");
    it->end[SIDE_CLIENT].window = 1;
    memory_session_feed(it, SIDE_SERVER, sent, SIZE);
    memory_session_advance(it, US_PER_S);
    size_t before = it->end[SIDE_CLIENT].send_count;
    memory_session_open_window(it, SIDE_CLIENT, SIZE_MAX);
    assert_int_equal(it->end[SIDE_CLIENT].out_len, SIZE);
    assert_in_range(it->end[SIDE_CLIENT].send_count, before + 1, before + 3);
    close_it(state);
}

/* The client takes one byte of them before the fault begins. Another fault looks for a match. */
static void a_corrupt_changes_bytes_that_were_only_looked_at(void **state)
{
    struct memory_session *it = open_with(state, F "type = mark\nwhen = match:\"never\"\n" G
                                                   "type = corrupt\nrate = 100%\nwhen = time:1s\n");
    it->end[SIDE_CLIENT].window = 1;
    memory_session_feed(it, SIDE_SERVER, sent, 20);
    memory_session_advance(it, US_PER_S);
    memory_session_open_window(it, SIDE_CLIENT, SIZE_MAX);
    assert_int_equal(it->end[SIDE_CLIENT].out_len, 20);
    assert_int_equal(first_changed(it), 1);
    close_it(state);
}

/* `times` counts the connections whose limit was reached, not those that began with one. */
static void a_limit_without_times_left_lets_everything_pass(void **state)
{
    static const size_t sizes[] = {50, 200, 200}, arrives[] = {50, 100, 200};
    struct fixture *fixture = *state;
    struct memory_session *it = &fixture->it;
    memory_proxy_init(&fixture->proxy, F "type = limit_data\nbytes = 100\ntimes = 1\n");
    for (size_t i = 0; i < COUNT(sizes); i++) {
        memory_session_open(it, &fixture->proxy, i + 1);
        memory_session_feed(it, SIDE_SERVER, sent, sizes[i]);
        memory_session_expect(it, SIDE_CLIENT, sent, arrives[i]);
        memory_session_close(it);
    }
    memory_proxy_deinit(&fixture->proxy);
}

/* The first changed byte has no room when the fault ends. It has fired all the same. */
static void a_fault_behind_it_is_armed_at_the_latest_when_it_is_over(void **state)
{
    struct memory_session *it = open_with(state,
        F "type = corrupt\nrate = 100%\nuntil = time:1s\n" G "type = mark\nafter = f\n"
          "when = bytes:3\n");
    it->end[SIDE_CLIENT].window = 0;
    memory_session_feed(it, SIDE_SERVER, sent, 20);
    assert_int_equal(it->end[SIDE_CLIENT].out_len, 0);
    assert_int_equal(fired(it), 1);
    memory_session_advance(it, US_PER_S);
    memory_session_open_window(it, SIDE_CLIENT, SIZE_MAX);
    assert_int_equal(it->end[SIDE_CLIENT].out_len, 20);
    assert_int_equal(it->session.plan->rules[1]->fault_counter->fired, 1);
    close_it(state);
}

/* While it looks for the first byte that it changes, all bytes that arrive are read. */
/* The first byte ends the connection, before the FIN behind it is read. */
static void a_limit_of_nothing_is_the_cause_whatever_the_pieces(void **state)
{
    const char *const text = F "type = limit_data\nbytes = 0\ndirection = upstream\n";
    static char first[MEMORY_LOG_MAX];
    for (size_t at_once = 0; at_once < 2; at_once++) {
        struct memory_session *it = open_with(state, text);
        memory_endpoint_feed(&it->end[SIDE_CLIENT], "xy", 2);
        if (at_once)
            memory_endpoint_feed_fin(&it->end[SIDE_CLIENT]);
        memory_session_feed(it, SIDE_CLIENT, "", 0);
        memory_session_feed_fin(it, SIDE_CLIENT);
        memory_session_feed_fin(it, SIDE_SERVER);
        assert_int_equal(it->cause, CAUSE_FAULT);
        assert_int_equal(it->ended, 1);
        if (at_once)
            assert_string_equal(it->log, first);
        memcpy(first, it->log, sizeof first);
        close_it(state);
    }
}

static void a_corrupt_does_not_slow_down_a_latency(void **state)
{
    struct memory_session *it = open_with(
        state, F "type = latency\ndelay = 100ms\n" G "type = corrupt\nrate = 0.0000001%\n");
    feed(it, SIDE_SERVER, BLOCK);
    assert_int_equal(it->end[SIDE_CLIENT].out_len, 0);
    memory_session_advance(it, 100 * US_PER_MS);
    memory_session_expect(it, SIDE_CLIENT, pattern, BLOCK);
    close_it(state);
}

/* No place that was found for the old rate counts any more. */
static void a_new_rate_counts_from_the_next_byte(void **state)
{
    struct memory_session *it = open_with(state, F "type = corrupt\nrate = 0.0000001%\n");
    memory_session_feed(it, SIDE_SERVER, sent, 100);
    adopt(state, F "type = corrupt\nrate = 100%\n");
    memory_session_feed(it, SIDE_SERVER, sent + 100, 100);
    assert_int_equal(first_changed(it), 100);
    assert_int_equal(memory_session_injected(it, EVENT_FAULT, 0)->offset, 100);
    assert_int_equal(it->injected_count, 1);
    close_it(state);
}

/* A type that changes byte 1000 and every later one, and counts the bytes that it looks at. */
static uint64_t looks;

static uint64_t first_from_1000(const void *params, uint64_t key, uint64_t offset, size_t n)
{
    (void)params, (void)key;
    for (size_t i = 0; i < n; i++) {
        looks++;
        if (offset + i >= 1000)
            return offset + i;
    }
    return FAULT_NO_PLACE;
}

static void each_byte_is_looked_at_once(void **state)
{
    static const struct fault_type type = {.first_changed = first_from_1000};
    struct change_search search = {0};
    (void)state;
    for (uint64_t offset = 0; offset < 900; offset++)
        assert_int_equal(change_search_first(&search, &type, NULL, 0, offset, 100), FAULT_NO_PLACE);
    assert_int_equal(looks, 999);
    assert_int_equal(change_search_first(&search, &type, NULL, 0, 950, 50), FAULT_NO_PLACE);
    assert_int_equal(change_search_first(&search, &type, NULL, 0, 950, 51), 1000);
    assert_int_equal(change_search_first(&search, &type, NULL, 0, 990, 100), 1000);
    assert_int_equal(looks, 1002);
    assert_int_equal(change_search_first(&search, &type, NULL, 0, 2000, 9), 2000);
    assert_int_equal(change_search_first(&search, &type, NULL, 0, 0, 9), FAULT_NO_PLACE);
}

/* Both connections are open when the first one uses up the only time. */
static void a_limit_of_nothing_without_times_left_drops_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct memory_session *first = &fixture->it, *second = calloc(1, sizeof *second);
    assert_non_null(second);
    memory_session_init(second, CAP);
    memory_proxy_init(&fixture->proxy, F "type = limit_data\nbytes = 0\ntimes = 1\n");
    memory_session_open(first, &fixture->proxy, 1);
    memory_session_open(second, &fixture->proxy, 2);
    memory_session_feed(first, SIDE_SERVER, sent, 10);
    memory_session_feed(second, SIDE_SERVER, sent, 10);
    memory_session_expect(first, SIDE_CLIENT, sent, 0);
    memory_session_expect(second, SIDE_CLIENT, sent, 10);
    expect_logged(first, "fault f", 1);
    expect_logged(second, "fault f", 0);
    memory_session_close(first);
    memory_session_close(second);
    memory_session_deinit(second);
    free(second);
    memory_proxy_deinit(&fixture->proxy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(corrupt_by_chance_fires_at_the_first_byte_that_it_changes),
        TEST(a_fault_behind_it_is_armed_behind_that_byte),
        TEST(what_changes_no_byte_has_not_fired_and_is_not_over),
        TEST(each_byte_is_looked_at_once),
        TEST(a_fault_behind_it_is_armed_at_the_latest_when_it_is_over),
        TEST(a_limit_of_nothing_is_the_cause_whatever_the_pieces),
        TEST(a_corrupt_does_not_slow_down_a_latency),
        TEST(a_new_rate_counts_from_the_next_byte),
        TEST(a_limit_fires_when_it_is_reached),
        TEST(a_limit_that_is_stopped_before_has_not_fired),
        TEST(a_corrupt_without_times_left_does_not_cut_the_stream),
        TEST(a_corrupt_skips_bytes_that_were_changed_before),
        TEST(a_corrupt_changes_bytes_that_were_only_looked_at),
        TEST(a_limit_without_times_left_lets_everything_pass),
        TEST(a_limit_of_nothing_without_times_left_drops_nothing),
    };
    for (size_t i = 0; i < SIZE; i++)
        sent[i] = (unsigned char)i;
    fill_pattern();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
