/* SPDX-License-Identifier: MIT */
/* Which bytes go through a pipe and which are copied: bulk by the first, messages by the second. */
#include "tests/unit/memory_fixture.h"

#include "proxy/relay/flow.h"

static unsigned char bytes[CAP];

/* So many come from the server; the number of those that went through a pipe. */
static uint64_t spliced_of(struct memory_session *it, size_t n)
{
    uint64_t before = it->splice_pipes.spliced;
    memory_session_feed(it, SIDE_SERVER, bytes, n);
    return it->splice_pipes.spliced - before;
}

static void bulk_data_is_spliced_from_its_second_read_on(void **state)
{
    struct memory_session *it = open_spliced(state, "");
    assert_int_equal(spliced_of(it, 2 * FLOW_READ_MAX), FLOW_READ_MAX);
    close_it(state);
}

static void a_bulk_stream_that_pauses_is_still_spliced(void **state)
{
    struct memory_session *it = open_spliced(state, "");
    spliced_of(it, 2 * FLOW_READ_MAX);
    for (int i = 0; i < 5; i++)
        assert_int_equal(spliced_of(it, FLOW_SPLICE_MIN), FLOW_SPLICE_MIN);
    close_it(state);
}

static void small_messages_behind_bulk_data_are_copied(void **state)
{
    struct memory_session *it = open_spliced(state, "");
    spliced_of(it, 2 * FLOW_READ_MAX);
    spliced_of(it, 100); /* says that the bulk is over */
    for (int i = 0; i < 5; i++)
        assert_int_equal(spliced_of(it, 100), 0);
    close_it(state);
}

/* --- delayed bytes --- */

#define LATENCY F "type = latency\ndelay = 100ms\n"

static struct flow *downstream(struct memory_session *it)
{
    return &it->session.flow[DIRECTION_DOWNSTREAM];
}

static size_t arrived(const struct memory_session *it)
{
    return it->end[SIDE_CLIENT].out_len;
}

/* Bulk data, more than one pipe holds, then a small message 50 ms later. */
static void feed_delayed(struct memory_session *it)
{
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)(i * 7 >> 3);
    memory_session_feed(it, SIDE_SERVER, bytes, 3 * MEMORY_CONDUIT_MAX);
    memory_session_advance(it, 50 * US_PER_MS);
    memory_session_feed(it, SIDE_SERVER, bytes + 3 * MEMORY_CONDUIT_MAX, 100);
}

static void delayed_bulk_data_waits_in_pipes(void **state)
{
    struct memory_session *it = open_spliced(state, LATENCY);
    feed_delayed(it);
    memory_session_feed_fin(it, SIDE_SERVER);
    assert_int_equal(downstream(it)->spliced.bytes, 3 * MEMORY_CONDUIT_MAX + 100 - FLOW_READ_MAX);
    memory_session_advance(it, 50 * US_PER_MS - 1);
    assert_int_equal(arrived(it), 0);
    memory_session_advance(it, 1);
    assert_int_equal(arrived(it), 3 * MEMORY_CONDUIT_MAX);
    memory_session_advance(it, 50 * US_PER_MS - 1);
    assert_int_equal(arrived(it), 3 * MEMORY_CONDUIT_MAX);
    assert_false(it->end[SIDE_CLIENT].fin_out);
    memory_session_advance(it, 1);
    memory_session_expect(it, SIDE_CLIENT, bytes, 3 * MEMORY_CONDUIT_MAX + 100);
    assert_true(it->end[SIDE_CLIENT].fin_out);
    assert_int_equal(it->splice_pipes.taken, 0);
    assert_int_equal(it->pool.held, 0);
    close_it(state);
}

static void delayed_bytes_are_copied_where_a_fault_may_need_them(void **state)
{
    static const char *const faults[] = {
        G "type = corrupt\nrate = 1%\nwhen = bytes:4000000\n",
        G "type = slice\nsize = 1000\n",
        G "type = reset\nwhen = match:\"no such bytes\"\n",
        G "type = noop\nuntil = match:\"no such bytes\"\n",
    };
    for (size_t i = 0; i < COUNT(faults); i++) {
        char text[256];
        snprintf(text, sizeof text, LATENCY "%s", faults[i]);
        struct memory_session *it = open_spliced(state, text);
        feed_delayed(it);
        assert_int_equal(downstream(it)->spliced.bytes, 0);
        memory_session_advance(it, US_PER_S);
        memory_session_expect(it, SIDE_CLIENT, bytes, 3 * MEMORY_CONDUIT_MAX + 100);
        close_it(state);
    }
}

static void bytes_in_pipes_count_as_memory(void **state)
{
    struct memory_session *it = open_spliced(state, LATENCY);
    it->pool.most = MEMORY_CONDUIT_MAX;
    feed_delayed(it);
    assert_in_range(downstream(it)->spliced.bytes, 1, MEMORY_CONDUIT_MAX);
    assert_in_range(it->pool.held, MEMORY_CONDUIT_MAX - FLOW_READ_MAX, MEMORY_CONDUIT_MAX);
    memory_session_advance(it, US_PER_S);
    memory_session_expect(it, SIDE_CLIENT, bytes, 3 * MEMORY_CONDUIT_MAX + 100);
    it->pool.most = 0;
    close_it(state);
}

/* Other connections hold all the memory that rings and pipes may use. */
static void a_delayed_bulk_stream_moves_on_where_others_hold_all_memory(void **state)
{
    struct memory_session *it = open_spliced(state, LATENCY);
    feed_delayed(it);
    spliced_of(it, FLOW_SPLICE_MIN); /* says that the stream is still a bulk stream */
    memory_session_advance(it, US_PER_S);
    size_t before = arrived(it);
    it->pool.most = it->pool.held = MEMORY_CONDUIT_MAX;
    memory_session_feed(it, SIDE_SERVER, bytes, 2 * FLOW_SPLICE_MIN);
    memory_session_advance(it, 10 * US_PER_S);
    assert_int_equal(arrived(it), before + 2 * FLOW_SPLICE_MIN);
    assert_int_equal(it->pool.held, MEMORY_CONDUIT_MAX);
    it->pool.most = it->pool.held = 0;
    close_it(state);
}

static void a_fault_that_comes_among_delayed_bytes_stops_the_reading(void **state)
{
    struct fixture *fixture = *state;
    struct memory_session *it = open_spliced(state, LATENCY);
    struct config config;
    feed_delayed(it);
    spliced_of(it, FLOW_SPLICE_MIN); /* says that the stream is still a bulk stream */
    assert_int_equal(
        memory_config_read(&config, LATENCY G "type = reset\nwhen = bytes:500000\n"), 0);
    assert_int_equal(memory_session_adopt(it, &fixture->proxy, &config), 0);
    size_t read = it->end[SIDE_SERVER].in_read;
    spliced_of(it, 2 * FLOW_READ_MAX);
    assert_int_equal(it->end[SIDE_SERVER].in_read, read);
    memory_session_advance(it, US_PER_S);
    memory_session_expect(it, SIDE_CLIENT, bytes, 500000);
    config_free(&config);
    close_it(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(bulk_data_is_spliced_from_its_second_read_on),
        TEST(a_bulk_stream_that_pauses_is_still_spliced),
        TEST(small_messages_behind_bulk_data_are_copied),
        TEST(delayed_bulk_data_waits_in_pipes),
        TEST(delayed_bytes_are_copied_where_a_fault_may_need_them),
        TEST(bytes_in_pipes_count_as_memory),
        TEST(a_delayed_bulk_stream_moves_on_where_others_hold_all_memory),
        TEST(a_fault_that_comes_among_delayed_bytes_stops_the_reading),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
