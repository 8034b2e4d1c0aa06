/* SPDX-License-Identifier: MIT */
/*
 * When bytes arrive that stay in the kernel because an edge stands in front of them: not when they
 * are read, but when they came. So a fault that waits behind a delay costs no second delay.
 */
#include "tests/unit/memory_fixture.h"

#include "proxy/relay/flow.h"

#define MS US_PER_MS
#define LATENCY "[fault l]\ntype = latency\ndelay = 300ms\n"

static unsigned char stream[CAP];

static int setup_stream(void **state)
{
    for (size_t i = 0; i < sizeof stream; i++)
        stream[i] = i % 100 == 99 ? '\n' : (unsigned char)('a' + i / 100 % 26);
    return setup(state);
}

/* The server sends the next bytes of the stream. */
static void feed(struct memory_session *it, size_t n)
{
    memory_session_feed(it, SIDE_SERVER, stream + it->end[SIDE_SERVER].in_len, n);
}

/* When the byte at `offset` came out, since the start. */
static time_us came_at(const struct memory_session *it, size_t offset)
{
    const struct memory_endpoint *end = &it->end[SIDE_CLIENT];
    for (size_t i = 0; i < end->send_count; i++)
        if (offset < end->sends[i].end)
            return end->sends[i].at - MEMORY_START;
    fail_msg("byte %zu has not come, %zu bytes have\n%s", offset, end->out_len, it->log);
    return 0;
}

static const char *const faults[] = {
    F "type = mark\nwhen = bytes:100\n",
    F "type = mark\nwhen = bytes:100\n" G "type = mark\nwhen = bytes:200\n"
      "[fault h]\ntype = mark\nwhen = bytes:300\n",
    F "type = mark\nwhen = match:\"cd\"\n",
    F "type = mark\nwhen = match:\"cd\"\nedge = before\n",
    F "type = mark\nwhen = message:2\n",
    F "type = mark\nwhen = message:2\nedge = before\n",
    F "type = corrupt\nat = 250\n",
    F "type = inject\ndata = \"*\"\nwhen = bytes:250\n",
    F "type = slice\nsize = 1000\nwhen = bytes:100\nuntil = bytes:400\n",
};

static struct memory_session *open_delayed(void **state, const char *other)
{
    char text[512];
    snprintf(text, sizeof text,
        "[proxy a]\nlisten = 127.0.0.1:1\nupstream = 127.0.0.1:2\n%s" LATENCY "%s",
        strstr(other, "message") != NULL ? "protocol = line\n" : "", other);
    return open_with(state, text);
}

/* One piece, and a FIN 10 ms later: everything leaves one delay after it came. */
static void bytes_behind_the_edge_of_a_fault_are_delayed_once(void **state)
{
    for (size_t i = 0; i < COUNT(faults); i++) {
        struct memory_session *it = open_delayed(state, faults[i]);
        feed(it, 1000);
        memory_session_advance(it, 10 * MS);
        memory_session_feed_fin(it, SIDE_SERVER);
        memory_session_advance(it, 290 * MS);
        if (it->end[SIDE_CLIENT].out_len < 1000)
            fail_msg("%s: %zu bytes", faults[i], it->end[SIDE_CLIENT].out_len);
        assert_int_equal(came_at(it, 0), 300 * MS);
        memory_session_advance(it, 10 * MS - 1);
        assert_false(it->end[SIDE_CLIENT].fin_out);
        memory_session_advance(it, 1);
        assert_true(it->end[SIDE_CLIENT].fin_out);
        close_it(state);
    }
}

static void bytes_that_come_while_an_edge_waits_have_their_own_time(void **state)
{
    for (size_t i = 0; i < COUNT(faults); i++) {
        struct memory_session *it = open_delayed(state, faults[i]);
        for (size_t n = 0; n < 10; n++) {
            feed(it, 100);
            memory_session_advance(it, 20 * MS);
        }
        memory_session_feed_rst(it, SIDE_SERVER);
        memory_session_advance(it, 300 * MS - 1);
        assert_int_equal(it->ended, 0);
        for (size_t n = 3; n < 10; n++) /* an insertion stands before these, and is sent alone */
            assert_int_equal(came_at(it, n * 100 + 1), (300 + n * 20) * MS);
        memory_session_advance(it, 1);
        assert_int_equal(it->ended, 1);
        close_it(state);
    }
}

/* A mark in front of bulk data, of which some waits in pipes. */
static void bulk_data_behind_an_edge_is_delayed_once(void **state)
{
    struct memory_session *it = open_spliced(state, LATENCY F "type = mark\nwhen = bytes:600000\n");
    feed(it, 1u << 20);
    memory_session_advance(it, 300 * MS);
    memory_session_expect(it, SIDE_CLIENT, stream, 1u << 20);
    assert_true(it->splice_pipes.spliced > 0);
    close_it(state);
}

static void bytes_behind_an_urgent_byte_are_delayed_once(void **state)
{
    struct memory_session *it = open_with(state, LATENCY);
    say(it, "aaaa");
    for (int i = 0; i < 2; i++) {
        memory_session_advance(it, 10 * MS);
        memory_endpoint_feed_urgent(&it->end[SIDE_SERVER], 'U');
        say(it, "bbbb");
        if (i == 0) /* a socket has one urgent mark: this one is passed before the next */
            memory_session_advance(it, 310 * MS);
    }
    assert_int_equal(came_at(it, 0), 300 * MS);
    assert_int_equal(came_at(it, 8), 310 * MS);
    memory_session_feed_fin(it, SIDE_SERVER);
    memory_session_advance(it, 300 * MS);
    expect(it, "aaaaUbbbbUbbbb");
    assert_true(it->end[SIDE_CLIENT].fin_out);
    close_it(state);
}

/* `buffer` still bounds how many bytes are under way. */
static void bytes_that_find_no_room_arrive_when_they_are_read(void **state)
{
    struct memory_session *it =
        open_with(state, "[proxy a]\nlisten = 127.0.0.1:1\nupstream = 127.0.0.1:2\nbuffer = 4k\n"
                         "[fault l]\ntype = latency\ndelay = 300ms\n");
    feed(it, 10000);
    memory_session_advance(it, 1000 * MS);
    assert_int_equal(came_at(it, 4095), 300 * MS);
    assert_int_equal(came_at(it, 4096), 600 * MS);
    close_it(state);
}

/* Bytes that a fault drops out of the kernel take the times of their arrival with them. */
static void bytes_behind_dropped_ones_have_their_own_time(void **state)
{
    struct memory_session *it = open_with(state,
        LATENCY F "type = mark\nwhen = bytes:100\n" G "type = blackhole\nwhen = time:100ms\n"
                  "until = time:200ms\n");
    feed(it, 1000);
    memory_session_advance(it, 210 * MS);
    assert_int_equal(it->end[SIDE_SERVER].in_read, 1000);
    feed(it, 50);
    memory_session_advance(it, 300 * MS - 1);
    size_t before = it->end[SIDE_CLIENT].out_len;
    memory_session_advance(it, 1);
    assert_int_equal(it->end[SIDE_CLIENT].out_len, before + 50);
    close_it(state);
}

/* Another fault changes nothing of the random values: neither blocks nor segments begin at its
 * edge. */
static void an_edge_begins_no_burst(void **state)
{
    static const char *const shapers[] = {
        "[fault l]\ntype = latency\ndelay = 300ms\njitter = 99ms\n",
        "[fault l]\ntype = lossy\nrate = 40%\n"};
    for (size_t i = 0; i < COUNT(shapers); i++) {
        static const char *const marks[] = {
            "", F "type = mark\nwhen = bytes:1000\n" G "type = mark\nwhen = bytes:5000\n"};
        time_us want[30], got[30];
        for (size_t marked = 0; marked < COUNT(marks); marked++) {
            char text[256];
            snprintf(text, sizeof text, "%s%s", shapers[i], marks[marked]);
            struct memory_session *it = open_with(state, text);
            feed(it, 10000);
            memory_session_advance(it, 5 * MS);
            feed(it, 5000);
            memory_session_advance(it, 5000 * MS);
            for (size_t n = 0; n < COUNT(want); n++)
                (marked == 0 ? want : got)[n] = came_at(it, n * 500);
            close_it(state);
        }
        assert_true(want[0] < want[29]);
        assert_memory_equal(want, got, sizeof want);
    }
}

#define TEST_STREAM(name) cmocka_unit_test_setup_teardown(name, setup_stream, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_STREAM(bytes_behind_the_edge_of_a_fault_are_delayed_once),
        TEST_STREAM(bytes_that_come_while_an_edge_waits_have_their_own_time),
        TEST_STREAM(bulk_data_behind_an_edge_is_delayed_once),
        TEST_STREAM(bytes_behind_an_urgent_byte_are_delayed_once),
        TEST_STREAM(bytes_that_find_no_room_arrive_when_they_are_read),
        TEST_STREAM(bytes_behind_dropped_ones_have_their_own_time),
        TEST_STREAM(an_edge_begins_no_burst),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
