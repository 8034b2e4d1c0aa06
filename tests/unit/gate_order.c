/* SPDX-License-Identifier: MIT */
/*
 * Two gates in one direction, in either order of the file: a rate behind a delay saves no more than
 * its burst, and what two faults hold a byte for adds up.
 */
#include "tests/unit/adoption_fixture.h"

#define MS US_PER_MS
#define LATENCY "type = latency\ndelay = "
#define BANDWIDTH "type = bandwidth\nrate = "

static size_t received(const struct memory_session *it)
{
    return it->end[SIDE_CLIENT].out_len;
}

/* A byte each 100 ms: with a delay of 200 ms there is always one that waits. */
static void a_rate_saves_no_more_than_its_burst_while_bytes_are_delayed(void **state)
{
    static const char *const orders[] = {
        F LATENCY "200ms\n" G BANDWIDTH "64k/s\n", F BANDWIDTH "64k/s\n" G LATENCY "200ms\n"};
    for (size_t i = 0; i < COUNT(orders); i++) {
        struct memory_session *it = open_with(state, orders[i]);
        for (int n = 0; n < 600; n++) {
            feed(it, SIDE_SERVER, 1);
            memory_session_advance(it, 100 * MS);
        }
        size_t before = received(it);
        assert_in_range(before, 598, 600);
        feed(it, SIDE_SERVER, BLOCK);
        memory_session_advance(it, 200 * MS);
        assert_in_range(received(it) - before, 15 << 10, 17 << 10);
        memory_session_advance(it, 1000 * MS);
        assert_in_range(received(it) - before, 78 << 10, 82 << 10);
        close_it(state);
    }
}

static void a_rate_holds_from_the_first_byte_that_a_delay_lets_pass(void **state)
{
    static const char *const orders[] = {
        F BANDWIDTH "100k/s\n" G LATENCY "2s\n", F LATENCY "2s\n" G BANDWIDTH "100k/s\n"};
    for (size_t i = 0; i < COUNT(orders); i++) {
        struct memory_session *it = open_with(state, orders[i]);
        feed(it, SIDE_SERVER, BLOCK);
        memory_session_advance(it, 2000 * MS);
        assert_in_range(received(it), 0, 17 << 10);
        memory_session_advance(it, 1000 * MS);
        assert_in_range(received(it), 100 << 10, 118 << 10);
        close_it(state);
    }
}

static void a_segment_that_is_lost_and_delayed_comes_after_both_times(void **state)
{
    static const char *const orders[] = {F "type = lossy\nrate = 100%\n" G LATENCY "300ms\n",
        F LATENCY "300ms\n" G "type = lossy\nrate = 100%\n"};
    for (size_t i = 0; i < COUNT(orders); i++) {
        struct memory_session *it = open_with(state, orders[i]);
        say(it, "x");
        memory_session_advance(it, 499 * MS);
        expect(it, "");
        memory_session_advance(it, 1 * MS);
        expect(it, "x");
        close_it(state);
    }
}

static void a_rate_after_an_insertion_saves_no_more_than_its_burst(void **state)
{
    struct memory_session *it =
        open_with(state, F "type = inject\nrandom = 100\nwhen = bytes:4\n" G BANDWIDTH "64k/s\n");
    feed(it, SIDE_SERVER, 4);
    memory_session_advance(it, 3600 * (time_us)US_PER_S);
    size_t before = received(it);
    assert_int_equal(before, 104);
    feed(it, SIDE_SERVER, BLOCK);
    assert_in_range(received(it) - before, 15 << 10, 17 << 10);
    close_it(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_rate_saves_no_more_than_its_burst_while_bytes_are_delayed),
        TEST(a_rate_holds_from_the_first_byte_that_a_delay_lets_pass),
        TEST(a_segment_that_is_lost_and_delayed_comes_after_both_times),
        TEST(a_rate_after_an_insertion_saves_no_more_than_its_burst),
    };
    fill_pattern();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
