/* SPDX-License-Identifier: MIT */
/*
 * Bytes that `edge = before` withholds are unread when an ending fires there, although the proxy
 * had to read them to find the match.
 */
#include "proxy/relay/teardown.h"
#include "tests/unit/adoption_fixture.h"

#define MATCH "when = match:\"ready\\r\\n\"\nedge = before\n"
#define GREETING "220 ready\r\n"
#define WITHHELD 7 /* of them */

static void expect_reset(const struct memory_session *it, size_t unread)
{
    const struct side_record *server = &it->session.side[SIDE_SERVER].record;
    assert_true(it->end[SIDE_SERVER].closed);
    assert_int_equal(it->end[SIDE_SERVER].how, ENDPOINT_CLOSE_RESET);
    assert_int_equal(server->unread, unread);
    assert_int_equal(server->mark_count, 1);
    assert_int_equal(server->marks[0], END_RST_SENT);
    expect(it, "220 ");
}

static void endings_that_leave_bytes_unread_reset_for_withheld_ones(void **state)
{
    static const char *const endings[] = {
        F "type = unread\nside = server\n" MATCH,
        F "type = unread\nside = server\nbytes = 7\n" MATCH,
        F "type = close\nmode = plain\n" MATCH,
        F "type = close\nmode = plain\nside = server\n" MATCH,
        F "type = shut_rd\nmode = reset\nside = server\n" MATCH,
        F "type = close\nmode = plain\ntrigger_delay = 5ms\n" MATCH,
    };
    for (size_t i = 0; i < COUNT(endings); i++) {
        for (size_t cut = 0; cut <= strlen(GREETING); cut++) {
            struct memory_session *it = open_with(state, endings[i]);
            say_cut(it, GREETING, cut);
            memory_session_advance(it, 5 * US_PER_MS);
            expect_reset(it, WITHHELD);
            close_it(state);
        }
    }
}

static void withheld_bytes_count_as_unread_ones_do(void **state)
{
    struct memory_session *it =
        open_with(state, F "type = unread\nside = server\nbytes = 10\n" MATCH);
    say(it, GREETING);
    say(it, "xy");
    assert_false(it->end[SIDE_SERVER].closed);
    say(it, "z");
    expect_reset(it, 10);
    close_it(state);
}

static void a_graceful_close_drops_them(void **state)
{
    struct memory_session *it = open_with(state, F "type = close\n" MATCH);
    say(it, GREETING);
    expect(it, "220 ");
    memory_session_feed_fin(it, SIDE_SERVER);
    assert_true(it->end[SIDE_SERVER].closed);
    assert_int_equal(it->end[SIDE_SERVER].how, ENDPOINT_CLOSE_PLAIN);
    assert_int_equal(it->session.side[SIDE_SERVER].record.unread, 0);
    close_it(state);
}

/* Faults that withhold bytes for their trigger_delay, in both forms of their trigger. */
static const struct {
    const char *text, *words;
    size_t before; /* bytes that are forwarded */
} delayed[] = {
    {F "type = reset\ndirection = upstream\nwhen = match:\"COMMIT\"\nedge = before\n"
       "trigger_delay = 50ms\n",
        "begin;COMMIT;", 6},
    {"[proxy a]\nlisten = 127.0.0.1:1\nupstream = 127.0.0.1:2\nprotocol = length:size=1\n" F
     "type = reset\ndirection = upstream\nwhen = message:2\nedge = before\n"
     "trigger_delay = 50ms\n",
        "\5begin\6COMMIT", 6},
};

static struct memory_session *open_delayed(void **state, size_t i, const char *other)
{
    char text[512];
    snprintf(text, sizeof text, "%s" G "%s\nwhen = time:10ms\n", delayed[i].text, other);
    struct memory_session *it = open_with(state, text);
    memory_session_feed(it, SIDE_CLIENT, delayed[i].words, strlen(delayed[i].words));
    memory_session_expect(it, SIDE_SERVER, delayed[i].words, delayed[i].before);
    memory_session_advance(it, 10 * US_PER_MS);
    return it;
}

static void no_other_fault_lets_go_what_a_trigger_delay_withholds(void **state)
{
    static const char *const others[] = {"type = close", "type = close\nmode = plain",
        "type = reset", "type = reset\nmode = abrupt", "type = reset\nmode = after_fin",
        "type = unread\nside = server", "type = unread\nside = client",
        "type = shut_rd\nside = client\nmode = reset", "type = half_close\nside = server",
        "type = half_close\nside = client", "type = stall\ndirection = upstream\nfor = 5ms",
        "type = blackhole\ndirection = upstream"};
    for (size_t i = 0; i < COUNT(delayed) * COUNT(others); i++) {
        size_t form = i % COUNT(delayed);
        struct memory_session *it = open_delayed(state, form, others[i / COUNT(delayed)]);
        memory_session_advance(it, 100 * US_PER_MS);
        memory_session_expect(it, SIDE_SERVER, delayed[form].words, delayed[form].before);
        close_it(state);
    }
}

#define CLOSE_PLAINLY "type = close\nmode = plain"

/* Also when an early FIN has dropped it before. */
static void what_a_trigger_delay_withholds_is_unread_when_another_fault_closes(void **state)
{
    static const char *const others[] = {CLOSE_PLAINLY,
        "type = half_close\nside = server\nwhen = time:5ms\n[fault h]\n" CLOSE_PLAINLY,
        "type = half_close\nside = client\nwhen = time:5ms\n[fault h]\n" CLOSE_PLAINLY};
    for (size_t i = 0; i < COUNT(delayed) * COUNT(others); i++) {
        size_t form = i % COUNT(delayed);
        struct memory_session *it = open_delayed(state, form, others[i / COUNT(delayed)]);
        assert_int_equal(it->end[SIDE_CLIENT].how, ENDPOINT_CLOSE_RESET);
        assert_int_equal(it->session.side[SIDE_CLIENT].record.unread,
            strlen(delayed[form].words) - delayed[form].before);
        close_it(state);
    }
}

/* The stall, or the trigger_delay, stands first in the file: it ends first, and its bytes go before
 * the FIN or RST. */
static void what_ends_when_another_fault_begins_lets_its_bytes_go(void **state)
{
    static const struct {
        const char *keys, *begin;
    } times[] = {{"type = stall\nuntil = time:2s\n", "when = time:2s\n"},
        {"type = stall\nuntil = idle:2s\n", "when = idle:2s\n"},
        {"type = stall\nactive = 0s-2s\n", "when = run:2s\n"},
        {"type = stall\nfor = 2s\n", "when = time:2s\n"},
        {"type = mark\ntrigger_delay = 2s\n", "when = time:2s\n"},
        {"type = latency\ndelay = 1us\ntrigger_delay = 2s\n", "when = time:2s\n"},
        {"type = mark\ntrigger_delay = 2s\nactive = 0s-1s\n", "when = idle:2s\n"}};
    static const char *const others[] = {
        "type = half_close\nside = client\n", "type = reset\n", "type = close\n"};
    for (size_t i = 0; i < COUNT(times) * COUNT(others); i++) {
        char text[512];
        size_t time = i % COUNT(times);
        snprintf(text, sizeof text, F "when = match:\"def\"\nedge = before\n%s" G "%s%s",
            times[time].keys, others[i / COUNT(times)], times[time].begin);
        struct memory_session *it = open_with(state, text);
        say(it, "abcdef");
        memory_session_advance(it, 2 * US_PER_S - 1);
        expect(it, "abc");
        memory_session_advance(it, 1);
        expect_logged(it, "\nfault g", 1);
        memory_session_advance(it, 1);
        expect(it, "abcdef");
        close_it(state);
    }
}

/* A fault that it arms stands where it fired. */
static void what_a_trigger_delay_withheld_is_dropped_by_the_next_of_its_chain(void **state)
{
    static const char *const next[] = {"reset\nafter = f\n", "reset\nafter = f/any\n",
        "half_close\nside = client\nafter = f\n", "blackhole\nafter = f\n", "stall\nafter = f\n",
        "reset\nafter = f\nwhen = bytes:0\n"};
    for (size_t i = 0; i < COUNT(next); i++) {
        char text[512];
        snprintf(text, sizeof text,
            F "type = mark\nwhen = match:\"def\"\nedge = before\ntrigger_delay = 2s\n" G
              "type = %s",
            next[i]);
        struct memory_session *it = open_with(state, text);
        say(it, "abcdef");
        memory_session_advance(it, 2 * US_PER_S);
        expect_logged(it, "\nfault g", 1);
        expect(it, "abc");
        close_it(state);
    }
}

#define STALL F "type = stall\nwhen = match:\"def\"\nedge = before\n"
#define BLACKHOLE G "type = blackhole\nwhen = time:1s\n"

/* The stall ends first. The blackhole that ends behind it in the same moment drops no byte. */
static void a_stall_and_a_blackhole_that_end_together_lose_no_byte(void **state)
{
    static const struct {
        const char *both, *then; /* then: the faults of a change at 2s */
    } rows[] = {{STALL "until = time:2s\n" BLACKHOLE "until = time:2s\n", NULL},
        {STALL "active = 0s-2s\n" BLACKHOLE "active = 0s-2s\n", NULL}, {STALL BLACKHOLE, ""},
        {STALL BLACKHOLE, STALL "enabled = no\n" BLACKHOLE "enabled = no\n"}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct memory_session *it = open_with(state, rows[i].both);
        say(it, "abcdef");
        memory_session_advance(it, 2 * US_PER_S - 1);
        expect_logged(it, "fault g", 1);
        expect(it, "abc");
        memory_session_advance(it, 1);
        if (rows[i].then != NULL)
            adopt(state, rows[i].then);
        expect_logged(it, "fault_over", 2);
        expect(it, "abcdef");
        say(it, "ghi");
        expect(it, "abcdefghi");
        close_it(state);
    }
}

#define UNREAD G "type = unread\nside = server\nhold = open\nwhen = time:1h\n"

/* It began while the stall withheld them, and still waits when another value begins it anew. */
static void an_unread_keeps_what_a_stall_withheld_when_it_is_changed(void **state)
{
    struct memory_session *it = open_with(state, STALL);
    say(it, "abcdef");
    adopt(state, STALL UNREAD "bytes = 10\n");
    adopt(state, UNREAD "bytes = 10\n");
    expect_logged(it, "fault_over f", 1);
    expect(it, "abc");
    adopt(state, UNREAD "bytes = 20\n");
    expect(it, "abc");
    adopt(state, "");
    expect(it, "abcdef");
    close_it(state);
}

/* The client is gone, and the server sends nothing more. */
static void withheld_bytes_are_unread_when_the_wait_is_in_vain(void **state)
{
    struct memory_session *it =
        open_with(state, F "type = unread\nside = server\nbytes = 10\n" MATCH);
    say(it, GREETING);
    memory_session_feed_fin(it, SIDE_CLIENT);
    assert_true(it->end[SIDE_CLIENT].closed);
    memory_session_advance(it, TEARDOWN_IDLE_US);
    expect_reset(it, WITHHELD);
    close_it(state);
}

static void withheld_bytes_are_unread_when_the_connection_is_hung_up(void **state)
{
    struct memory_session *it =
        open_with(state, F "type = unread\nside = server\nbytes = 10\n" MATCH);
    say(it, GREETING);
    session_hang_up(&it->session, CAUSE_STOPPED);
    expect_reset(it, WITHHELD);
    close_it(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(endings_that_leave_bytes_unread_reset_for_withheld_ones),
        TEST(withheld_bytes_count_as_unread_ones_do),
        TEST(withheld_bytes_are_unread_when_the_wait_is_in_vain),
        TEST(withheld_bytes_are_unread_when_the_connection_is_hung_up),
        TEST(a_graceful_close_drops_them),
        TEST(no_other_fault_lets_go_what_a_trigger_delay_withholds),
        TEST(what_ends_when_another_fault_begins_lets_its_bytes_go),
        TEST(what_a_trigger_delay_withheld_is_dropped_by_the_next_of_its_chain),
        TEST(a_stall_and_a_blackhole_that_end_together_lose_no_byte),
        TEST(an_unread_keeps_what_a_stall_withheld_when_it_is_changed),
        TEST(what_a_trigger_delay_withholds_is_unread_when_another_fault_closes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
