/* SPDX-License-Identifier: MIT */
/* How much a direction holds while a fault delays it: as much as comes, within bounds. */
#include "tests/unit/memory_fixture.h"

#include "proxy/relay/flow.h"

#define UP "type = latency\ndirection = upstream\ndelay = "
#define PROXY "[proxy a]\nlisten = 127.0.0.1:1\nupstream = 127.0.0.1:2\n"
#define MIB (1u << 20)

static unsigned char bytes[CAP];

static int fill(void **state)
{
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)(i * 31 ^ i >> 8);
    return setup(state);
}

static size_t held(const struct memory_session *it)
{
    return ring_used(&it->session.flow[DIRECTION_UPSTREAM].ring);
}

static void a_delay_does_not_stop_the_sender(void **state)
{
    struct memory_session *it = open_with(state, F UP "1s");
    memory_session_feed(it, SIDE_CLIENT, bytes, CAP);
    assert_int_equal(held(it), CAP);
    memory_session_advance(it, US_PER_S - 1);
    memory_session_expect(it, SIDE_SERVER, bytes, 0);
    memory_session_advance(it, 1);
    memory_session_expect(it, SIDE_SERVER, bytes, CAP);
    assert_int_equal(it->pool.held, 0);
    close_it(state);
}

static void a_buffer_that_is_given_is_kept(void **state)
{
    struct memory_session *it = open_with(state, PROXY "buffer = 64k\n" F UP "1s");
    memory_session_feed(it, SIDE_CLIENT, bytes, CAP);
    assert_int_equal(held(it), 64u << 10);
    close_it(state);
}

static void nothing_more_is_held_without_a_delay(void **state)
{
    struct memory_session *it = open_with(state, "");
    memory_session_open_window(it, SIDE_SERVER, 0);
    memory_session_feed(it, SIDE_CLIENT, bytes, CAP);
    assert_int_equal(held(it), PROXY_BUFFER);
    close_it(state);
}

/* Bytes that are due wait for the receiver, not for their time: they make no room for more. */
static void a_slow_receiver_stops_the_sender(void **state)
{
    struct memory_session *it = open_with(state, F UP "1s");
    memory_session_open_window(it, SIDE_SERVER, 0);
    memory_session_feed(it, SIDE_CLIENT, bytes, MIB);
    memory_session_advance(it, US_PER_S);
    assert_int_equal(held(it), MIB);
    memory_session_feed(it, SIDE_CLIENT, bytes + MIB, MIB);
    assert_int_equal(held(it), MIB);
    close_it(state);
}

static void a_bound_on_the_rate_bounds_what_is_held(void **state)
{
    struct memory_session *it = open_with(
        state, F UP "100ms\n[fault g]\ntype = bandwidth\ndirection = upstream\nrate = 1M/s\n");
    memory_session_feed(it, SIDE_CLIENT, bytes, CAP);
    assert_in_range(held(it), PROXY_BUFFER, PROXY_BUFFER + MIB / 10 + 1);
    memory_session_advance(it, 10 * US_PER_S);
    memory_session_expect(it, SIDE_SERVER, bytes, CAP);
    close_it(state);
}

static void the_memory_of_all_bounds_it_and_every_byte_comes(void **state)
{
    static const size_t most[] = {1, RING_BLOCK, MIB};
    for (size_t i = 0; i < COUNT(most); i++) {
        struct fixture *fixture = *state;
        fixture->it.pool.most = most[i];
        struct memory_session *it = open_with(state, F UP "1ms");
        memory_session_feed(it, SIDE_CLIENT, bytes, CAP);
        assert_in_range(held(it), 1, most[i] > RING_LAST_RESORT ? most[i] : RING_LAST_RESORT);
        memory_session_advance(it, 10 * US_PER_S);
        memory_session_expect(it, SIDE_SERVER, bytes, CAP);
        assert_int_equal(it->pool.held, 0);
        close_it(state);
    }
    ((struct fixture *)*state)->it.pool.most = 0;
}

int main(void)
{
#define FILLED(name) cmocka_unit_test_setup_teardown(name, fill, teardown)
    const struct CMUnitTest tests[] = {
        FILLED(a_delay_does_not_stop_the_sender),
        FILLED(a_buffer_that_is_given_is_kept),
        FILLED(nothing_more_is_held_without_a_delay),
        FILLED(a_slow_receiver_stops_the_sender),
        FILLED(a_bound_on_the_rate_bounds_what_is_held),
        FILLED(the_memory_of_all_bounds_it_and_every_byte_comes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
