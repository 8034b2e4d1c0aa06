/* SPDX-License-Identifier: MIT */
/* Bytes that a fault dropped: behind them no message is known, and no edge is left. */
#include "tests/unit/memory_fixture.h"

#define PROXY(protocol)                                                                            \
    "[proxy a]\nlisten = 127.0.0.1:0\nupstream = 127.0.0.1:1\nlog_messages = yes\nprotocol = "     \
    "" protocol "\n"
#define M "[fault m]\ntype = mark\n"
#define DROP F "type = blackhole\n"

#define GET "GET / HTTP/1.1\r\n\r\n"
#define UNTIL_CLOSE "HTTP/1.0 200 K\r\n\r\n" /* 18 bytes */

/* Its FIN does not end it: nobody knows what the reader has of it. */
static void a_body_until_close_without_all_its_bytes_has_no_end(void **state)
{
    struct memory_session *it =
        open_with(state, PROXY("http") DROP "when = bytes:20\n" M "when = message:1\n");
    memory_session_feed(it, SIDE_CLIENT, GET, strlen(GET));
    say(it, UNTIL_CLOSE "abcdef");
    memory_session_feed_fin(it, SIDE_SERVER);
    expect(it, UNTIL_CLOSE "ab");
    expect_logged(it, "fault m", 0);
    expect_logged(it, "message downstream", 0);
    expect_logged(it, "framing_lost downstream 20\n", 1);
    close_it(state);
}

/* Between messages nothing is missing that a FIN could end. */
static void a_fin_behind_dropped_messages_says_nothing(void **state)
{
    struct memory_session *it = open_with(state, PROXY("line") DROP "when = message:1\n");
    say(it, "a\nb\n");
    memory_session_feed_fin(it, SIDE_SERVER);
    expect_logged(it, "framing_lost", 0);
    close_it(state);
}

/* An ending drops what comes behind it: the log has its `fault` and `closed`, and no more. */
static void a_connection_that_a_fault_ended_has_no_lost_framing(void **state)
{
    struct memory_session *it =
        open_with(state, PROXY("http") F "type = half_close\nside = client\nwhen = bytes:20\n");
    memory_session_feed(it, SIDE_CLIENT, GET, strlen(GET));
    say(it, UNTIL_CLOSE "abcdef");
    memory_session_feed_fin(it, SIDE_SERVER);
    expect(it, UNTIL_CLOSE "ab");
    expect_logged(it, "message downstream", 0);
    expect_logged(it, "framing_lost", 0);
    close_it(state);
}

/* Where no message is looked for, none is lost. */
static void without_a_protocol_no_framing_is_lost(void **state)
{
    struct memory_session *it =
        open_with(state, DROP "direction = upstream\nfor = 1s\n" M "sni = a.b\n");
    memory_session_feed(it, SIDE_CLIENT, "a", 1);
    memory_session_advance(it, 2 * US_PER_S);
    memory_session_feed(it, SIDE_CLIENT, "b", 1);
    memory_session_expect(it, SIDE_SERVER, "b", 1);
    expect_logged(it, "framing_lost", 0);
    close_it(state);
}

/* The server's turn ends with words of the client's. Those that were dropped count for nobody, so
 * that no further turn is known on either side. */
static void turns_are_lost_on_both_sides(void **state)
{
    struct memory_session *it = open_with(
        state, PROXY("turns") DROP "direction = upstream\nwhen = bytes:1\n" M "when = message:1\n");
    memory_session_feed(it, SIDE_CLIENT, "a", 1);
    say(it, "one");
    memory_session_feed(it, SIDE_CLIENT, "b", 1);
    say(it, "two");
    memory_session_feed_fin(it, SIDE_SERVER);
    expect(it, "onetwo");
    expect_logged(it, "message upstream 1 0 1", 1);
    expect_logged(it, "message downstream", 0);
    expect_logged(it, "framing_lost upstream 1\n", 1);
    expect_logged(it, "framing_lost downstream 3\n", 1);
    expect_logged(it, "fault m", 0);
    close_it(state);
}

static void a_turn_without_all_its_bytes_has_no_end(void **state)
{
    struct memory_session *it =
        open_with(state, PROXY("turns") DROP "when = bytes:2\nfor = 1ms\n" M "when = message:1\n");
    say(it, "one");
    memory_session_feed(it, SIDE_CLIENT, "a", 1);
    memory_session_feed_fin(it, SIDE_SERVER);
    expect(it, "on");
    expect_logged(it, "message downstream", 0);
    expect_logged(it, "framing_lost downstream 2\n", 1);
    expect_logged(it, "fault m", 0);
    close_it(state);
}

/* shut_rd drops a side's bytes, as a blackhole does. */
static void a_turn_ends_nowhere_behind_shut_rd(void **state)
{
    struct memory_session *it = open_with(state,
        PROXY("turns") F "type = shut_rd\nside = server\nwhen = bytes:2\n" M "when = message:1\n");
    say(it, "one");
    memory_session_feed_fin(it, SIDE_SERVER);
    expect(it, "on");
    expect_logged(it, "message downstream", 0);
    expect_logged(it, "framing_lost downstream 2\n", 1);
    expect_logged(it, "fault m", 0);
    close_it(state);
}

/* Five replies of 7 bytes wait, and then something else, so that the framing is lost. Of these,
 * those from byte 14 on are dropped, with the edge of the fifth. */
#define LATE                                                                                       \
    PROXY("smtp")                                                                                  \
    F "type = latency\ndelay = 100ms\n[fault s]\ntype = mark\nwhen = time:50ms\n"                  \
      "[fault b]\ntype = blackhole\nafter = s\nwhen = bytes:14\nfor = 5ms\n"
#define REPLIES "250 a\r\n250 b\r\n250 c\r\n250 d\r\n250 e\r\n"

static void expect_no_edge(void **state, const char *text, const char *event)
{
    struct memory_session *it = open_with(state, text);
    say(it, REPLIES "?????");
    expect_logged(it, "framing_lost downstream 35\n", 1);
    memory_session_advance(it, 110 * US_PER_MS);
    expect(it, "250 a\r\n250 b\r\n");
    expect_logged(it, "fault b blackhole downstream 14", 1);
    say(it, "..............................");
    memory_session_advance(it, 110 * US_PER_MS);
    expect(it, "250 a\r\n250 b\r\n..............................");
    expect_logged(it, event, 0);
    expect_logged(it, "framing_lost", 1);
    close_it(state);
}

static void an_edge_in_dropped_bytes_is_gone(void **state)
{
    expect_no_edge(
        state, LATE G "type = noop\nwhen = time:108ms\nuntil = message:5\n", "fault_over g");
    expect_no_edge(state,
        LATE "[fault t]\ntype = mark\nwhen = time:108ms\n" M "after = t\nwhen = message:3\n",
        "fault m");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_body_until_close_without_all_its_bytes_has_no_end),
        TEST(a_fin_behind_dropped_messages_says_nothing),
        TEST(a_connection_that_a_fault_ended_has_no_lost_framing),
        TEST(without_a_protocol_no_framing_is_lost),
        TEST(turns_are_lost_on_both_sides),
        TEST(a_turn_without_all_its_bytes_has_no_end),
        TEST(a_turn_ends_nowhere_behind_shut_rd),
        TEST(an_edge_in_dropped_bytes_is_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
