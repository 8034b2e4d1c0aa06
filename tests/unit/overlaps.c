/* SPDX-License-Identifier: MIT */
/* Two faults on one connection: each leaves the bytes and the trigger of the other alone. */
#include "tests/unit/adoption_fixture.h"

#define MS US_PER_MS
#define LENGTH "[proxy a]\nlisten = 127.0.0.1:1\nupstream = 127.0.0.1:2\nprotocol = length:size="

/* `until` is among the bytes that were read while the trigger_delay ran. */
static void until_sees_bytes_that_wait_when_the_fault_begins(void **state)
{
    struct memory_session *it =
        open_with(state, F "type = corrupt\nrate = 100%\nbits = 8\nwhen = match:\"A\"\n"
                           "edge = before\ntrigger_delay = 5ms\nuntil = match:\"B\"\n");
    say(it, "xA.B.yz");
    memory_session_advance(it, 5 * MS);
    assert_int_equal(it->end[SIDE_CLIENT].out_len, 7);
    assert_memory_not_equal(it->end[SIDE_CLIENT].out + 1, "A.B", 3);
    assert_memory_equal(it->end[SIDE_CLIENT].out + 4, ".yz", 3);
    expect_logged(it, "fault_over f", 1);
    close_it(state);
}

static void a_stall_that_is_over_lets_a_cut_direction_read_again(void **state)
{
    struct memory_session *it =
        open_with(state, F "type = stall\nwhen = time:1s\nuntil = time:2s\n" G
                           "type = half_close\nside = client\nwhen = time:1500ms\n");
    memory_session_advance(it, 1200 * MS);
    say(it, "lost");
    memory_session_advance(it, 900 * MS);
    expect_logged(it, "fault_over f", 1);
    assert_int_equal(it->session.flow[DIRECTION_DOWNSTREAM].dropped, 4);
    expect(it, "");
    close_it(state);
}

/* A trigger_delay holds bytes, but the next byte decides nothing. */
static void a_trigger_delay_reads_nothing_behind_the_edge_of_another_fault(void **state)
{
    static const char *const delayed[] = {F
        "type = mark\ndirection = upstream\nwhen = match:\"X\"\nedge = before\n"
        "trigger_delay = 10ms\n",
        LENGTH "1,add=0\n" F "type = mark\ndirection = upstream\nwhen = message:2\nedge = before\n"
               "trigger_delay = 10ms\n"};
    static const char *const words[] = {"abXdEFG", "\2bXdEFG"};
    for (size_t i = 0; i < COUNT(delayed); i++) {
        char text[512];
        snprintf(text, sizeof text,
            "%s" G "type = reset\ndirection = upstream\nwhen = bytes:4\nside = client\n",
            delayed[i]);
        struct memory_session *it = open_with(state, text);
        memory_session_feed(it, SIDE_CLIENT, words[i], 7);
        memory_session_expect(it, SIDE_SERVER, words[i], 2);
        assert_true(flow_read_count(&it->session.flow[DIRECTION_UPSTREAM]) <= 4);
        memory_session_advance(it, 10 * MS);
        memory_session_expect(it, SIDE_SERVER, words[i], 4);
        expect_logged(it, "fault g reset upstream 4", 1);
        close_it(state);
    }
}

/* Message 2 is lost with the bytes that the first fault drops: nothing is at its end. */
static void a_message_trigger_does_not_survive_dropped_bytes(void **state)
{
    struct memory_session *it = open_with(state,
        LENGTH "1\n" F "type = blackhole\nwhen = message:2\nedge = before\nuntil = time:10ms\n" G
               "type = mark\nwhen = message:2\n");
    memory_session_feed(it, SIDE_SERVER, "\1a\0", 3);
    memory_session_advance(it, 10 * MS);
    say(it, "xy");
    memory_session_advance(it, 10 * MS);
    expect_logged(it, "fault f", 1);
    expect_logged(it, "fault g", 0);
    close_it(state);
}

/* The offset of its end would be behind 2^64, and in the first message again. */
static void a_message_that_no_stream_has_room_for_fires_nothing(void **state)
{
    struct memory_session *it = open_with(state, LENGTH "8\n" F "type = reset\nwhen = message:2\n");
    memory_session_feed(it, SIDE_SERVER, "\0\0\0\0\0\0\0\10abcdefgh", 16);
    memory_session_feed(it, SIDE_SERVER, "\377\377\377\377\377\377\377\360", 8);
    assert_int_equal(it->end[SIDE_CLIENT].out_len, 24);
    expect_logged(it, "fault f", 0);
    close_it(state);
}

static void a_window_that_begins_behind_until_begins_nothing(void **state)
{
    struct memory_session *it =
        open_with(state, F "type = stall\nactive = 10ms-\nuntil = time:5ms\n");
    memory_session_advance(it, 20 * MS);
    say(it, "on");
    expect(it, "on");
    expect_logged(it, "fault", 0);
    close_it(state);
}

/* While the fault waits for its window, its `until` is watched. */
static void an_until_of_the_stream_comes_before_the_window(void **state)
{
    static const char *const untils[] = {"bytes:3", "match:\"on\"", "match:\"o\"#2", "eof"};
    for (size_t i = 0; i < COUNT(untils); i++) {
        char text[256];
        snprintf(text, sizeof text, F "type = latency\ndelay = 1s\nactive = 10ms-\nuntil = %s\n",
            untils[i]);
        struct memory_session *it = open_with(state, text);
        say(it, "o, on");
        memory_session_feed_fin(it, SIDE_SERVER);
        expect(it, "o, on");
        memory_session_advance(it, 20 * MS);
        memory_session_close(it);
        expect_logged(it, "fault", 1); /* in "0 faults" */
        assert_int_equal(it->not_fired_count, 1);
        assert_string_equal(it->not_fired[0].reason, "not in its window");
        memory_proxy_deinit(&((struct fixture *)*state)->proxy);
    }
}

/* The client takes nothing while the fault waits for its window. */
static void bytes_that_wait_for_a_window_are_searched_once(void **state)
{
    struct memory_session *it = open_with(state,
        F "type = corrupt\nrate = 100%\nbits = 8\nactive = 10ms-\nuntil = match:\"END\"#2\n" G
          "type = mark\n");
    memory_session_open_window(it, SIDE_CLIENT, 0);
    say(it, "END");
    memory_session_advance(it, 20 * MS);
    memory_session_open_window(it, SIDE_CLIENT, SIZE_MAX);
    say(it, "xENDy");
    assert_int_equal(it->end[SIDE_CLIENT].out_len, 8);
    assert_int_not_equal(it->end[SIDE_CLIENT].out[6], 'D');
    assert_int_equal(it->end[SIDE_CLIENT].out[7], 'y');
    close_it(state);
}

/* One "ab" of the first time, and the "a" of another, do not count the second time. */
static void each_time_that_a_fault_begins_it_looks_for_its_end_anew(void **state)
{
    struct memory_session *it =
        open_with(state, LENGTH "1\n" F "type = packet_loss\nside = client\nrate = 1%\nfor = 10ms\n"
                                "when = message:every:2\nuntil = match:\"ab\"#2\n");
    say(it, "\1x\1y\4.aba");
    memory_session_advance(it, 20 * MS);
    expect_logged(it, "fault f", 1);
    expect_logged(it, "fault_over f", 1);
    say(it, "\1z\5b.ab.");
    memory_session_advance(it, 5 * MS);
    expect_logged(it, "fault f", 2);
    expect_logged(it, "fault_over f", 1);
    close_it(state);
}

/* The client takes three of six bytes, and behind them comes an edge while the server is not read.
 */
static struct memory_session *reach_an_edge(void **state, const char *first, const char *second)
{
    char text[512];
    snprintf(text, sizeof text, F "%s\nwhen = time:1s\n" G "%s\n", first, second);
    struct memory_session *it = open_with(state, text);
    memory_session_open_window(it, SIDE_CLIENT, 0);
    say(it, "012345");
    memory_session_advance(it, US_PER_S);
    memory_session_open_window(it, SIDE_CLIENT, SIZE_MAX);
    return it;
}

#define AT_345 "when = match:\"345\"\nedge = before\n"

/* Both faults read nothing, or drop what they read, but only the second one has an edge. */
static void what_begins_at_an_edge_has_the_bytes_behind_it(void **state)
{
    static const char *const firsts[] = {"type = stall", "type = blackhole",
        "type = shut_rd\nside = server", "type = stall\nuntil = time:2s",
        "type = blackhole\nuntil = time:2s"};
    static const char *const seconds[] = {"type = stall\n" AT_345, "type = blackhole\n" AT_345,
        "type = shut_rd\nside = server\n" AT_345, "type = stall\n" AT_345 "trigger_delay = 1ms\n",
        "type = blackhole\n" AT_345 "trigger_delay = 1ms\n"};
    for (size_t i = 0; i < COUNT(firsts) * COUNT(seconds); i++) {
        struct memory_session *it =
            reach_an_edge(state, firsts[i / COUNT(seconds)], seconds[i % COUNT(seconds)]);
        expect(it, "012");
        expect_logged(it, "fault g", i % COUNT(seconds) < 3);
        memory_session_advance(it, 3 * US_PER_S);
        expect(it, "012");
        close_it(state);
    }
}

/* Another stall is over before. */
static void the_bytes_behind_an_edge_wait_for_the_fault_that_has_them(void **state)
{
    struct memory_session *it =
        reach_an_edge(state, "type = stall\nuntil = time:2s", "type = stall\n" AT_345 "for = 3s");
    memory_session_advance(it, 2900 * MS);
    expect(it, "012");
    memory_session_advance(it, 200 * MS);
    expect(it, "012345");
    close_it(state);
}

/* A fault of the API begins at a byte that is already read. */
static void an_edge_among_pending_bytes_is_kept_under_a_stall(void **state)
{
    static const char first[] = F "type = stall\nwhen = time:1s\n";
    struct memory_session *it = open_with(state, first);
    memory_session_open_window(it, SIDE_CLIENT, 0);
    say(it, "012345");
    memory_session_advance(it, US_PER_S);
    adopt(state, F "type = stall\nwhen = time:1s\n" G "type = stall\nwhen = bytes:3\n");
    memory_session_open_window(it, SIDE_CLIENT, SIZE_MAX);
    expect(it, "012");
    adopt(state, G "type = stall\nwhen = bytes:3\n");
    expect(it, "012");
    adopt(state, "");
    expect(it, "012345");
    close_it(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(until_sees_bytes_that_wait_when_the_fault_begins),
        TEST(a_stall_that_is_over_lets_a_cut_direction_read_again),
        TEST(a_trigger_delay_reads_nothing_behind_the_edge_of_another_fault),
        TEST(a_message_trigger_does_not_survive_dropped_bytes),
        TEST(a_message_that_no_stream_has_room_for_fires_nothing),
        TEST(a_window_that_begins_behind_until_begins_nothing),
        TEST(an_until_of_the_stream_comes_before_the_window),
        TEST(bytes_that_wait_for_a_window_are_searched_once),
        TEST(each_time_that_a_fault_begins_it_looks_for_its_end_anew),
        TEST(what_begins_at_an_edge_has_the_bytes_behind_it),
        TEST(the_bytes_behind_an_edge_wait_for_the_fault_that_has_them),
        TEST(an_edge_among_pending_bytes_is_kept_under_a_stall),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
