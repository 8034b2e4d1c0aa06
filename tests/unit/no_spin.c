/* SPDX-License-Identifier: MIT */
/*
 * A connection that can only wait sleeps: after any pair of endings, and whatever its peers do, it
 * asks for no wake-up in the same moment, and its timer runs out only so often.
 */
#include "tests/unit/memory_fixture.h"

#define MS US_PER_MS
#define WAKES_MAX 4    /* that the session asks for without an event */
#define TIMERS_MAX 300 /* in half a second: a wait for acknowledgements asks every 10 ms */

/* Wakes the session as its host does, and counts. */
static void rest(struct memory_session *it, const char *text, const char *after)
{
    unsigned wakes = 0, timers = 0;
    time_us end = it->now + 500 * MS;
    while (it->ended == 0) {
        if (it->dialled && !it->hangs)
            break; /* memory_session_settle() answers */
        if (it->wake_wanted) {
            it->wake_wanted = false;
            wakes++;
            session_wake(&it->session);
        } else if (it->timer_at <= end) {
            it->now = it->timer_at > it->now ? it->timer_at : it->now;
            it->timer_at = TIME_NEVER;
            timers++;
            session_on_timer(&it->session);
        } else {
            break;
        }
        if (wakes > WAKES_MAX || timers > TIMERS_MAX)
            fail_msg("%s: %u wake-ups and %u timers\n%s\n%s", after, wakes, timers, text, it->log);
    }
    it->now = end;
}

static const char *const endings[] = {
    "type = half_close\nside = client\n",
    "type = half_close\nside = server\n",
    "type = reset\nmode = abrupt\nside = client\nother = hold\n",
    "type = reset\nmode = abrupt\nside = server\nother = hold\n",
    "type = reset\nside = client\nother = close\n",
    "type = reset\nmode = after_fin\nside = server\nother = reset\n",
    "type = close\nmode = plain\nside = client\nother = hold\n",
    "type = close\nside = server\nother = hold\n",
    "type = unread\nside = server\nother = hold\n",
    "type = shut_rd\nmode = reset\nside = client\nother = hold\n",
    "type = shut_rd\nside = server\n",
    "type = stall\n",
    "type = blackhole\ndirection = both\n",
    "type = hold_fin\n",
    "type = latency\ndelay = 5s\ndirection = both\n",
};

static const char *const moments[][2] = {
    {"when = bytes:3\n", "when = bytes:3\n"},
    {"when = bytes:3\n", "when = time:100ms\n"},
    {"when = time:100ms\n", "when = time:200ms\n"},
    {"when = eof\n", "when = time:100ms\n"},
    {"when = open\n", "when = eof\n"},
};

enum act { SERVER_SPEAKS, CLIENT_SPEAKS, CLIENT_ENDS, SERVER_ENDS, CLIENT_RESETS, SERVER_RESETS };

static const char *const act_names[] = {"the server speaks", "the client speaks", "the client ends",
    "the server ends", "the client resets", "the server resets"};

/* Peers that do one thing after another; the server takes 1000 bytes. */
static const enum act lives[][4] = {
    {SERVER_SPEAKS, CLIENT_SPEAKS, CLIENT_RESETS, SERVER_RESETS},
    {SERVER_SPEAKS, CLIENT_SPEAKS, SERVER_RESETS, CLIENT_RESETS},
    {SERVER_SPEAKS, CLIENT_ENDS, SERVER_ENDS, CLIENT_RESETS},
    {CLIENT_SPEAKS, SERVER_SPEAKS, SERVER_ENDS, CLIENT_ENDS},
};

static void act(struct memory_session *it, enum act what)
{
    static const char bytes[400000];
    switch (what) {
    case SERVER_SPEAKS:
        memory_endpoint_feed(&it->end[SIDE_SERVER], "abc", 3);
        break;
    case CLIENT_SPEAKS:
        memory_endpoint_feed(&it->end[SIDE_CLIENT], bytes, sizeof bytes);
        break;
    case CLIENT_ENDS:
        memory_endpoint_feed_fin(&it->end[SIDE_CLIENT]);
        break;
    case SERVER_ENDS:
        memory_endpoint_feed_fin(&it->end[SIDE_SERVER]);
        break;
    case CLIENT_RESETS:
        memory_endpoint_feed_rst(&it->end[SIDE_CLIENT]);
        break;
    case SERVER_RESETS:
        memory_endpoint_feed_rst(&it->end[SIDE_SERVER]);
        break;
    }
    if (it->ended == 0)
        session_wake(&it->session);
}

static void live(void **state, const char *text, const enum act *acts)
{
    struct memory_session *it = open_with(state, text);
    memory_session_open_window(it, SIDE_SERVER, 1000);
    rest(it, text, "the open");
    for (int i = 0; i < 4; i++) {
        act(it, acts[i]);
        rest(it, text, act_names[acts[i]]);
    }
    close_it(state);
}

static void after_any_two_endings_a_connection_sleeps(void **state)
{
    for (size_t i = 0; i < COUNT(endings) * COUNT(endings) * COUNT(moments); i++) {
        char text[512];
        snprintf(text, sizeof text, F "%s%s" G "%s%s", endings[i % COUNT(endings)],
            moments[i / COUNT(endings) / COUNT(endings)][0],
            endings[i / COUNT(endings) % COUNT(endings)],
            moments[i / COUNT(endings) / COUNT(endings)][1]);
        for (size_t k = 0; k < COUNT(lives); k++)
            live(state, text, lives[k]);
    }
}

/* The upstream answers late: what is due on its side waits for the socket. */
static void while_it_is_dialled_a_connection_sleeps(void **state)
{
    struct fixture *fixture = *state;
    for (size_t i = 0; i < COUNT(endings); i++) {
        char text[512];
        snprintf(text, sizeof text,
            F "type = mark\nwhen = accept\n" G "after = f\nwhen = time:100ms\n%s", endings[i]);
        fixture->it.hangs = true;
        struct memory_session *it = open_with(state, text);
        rest(it, text, "the accept");
        act(it, CLIENT_SPEAKS);
        rest(it, text, act_names[CLIENT_SPEAKS]);
        it->hangs = false;
        memory_session_settle(it);
        rest(it, text, "the connect");
        close_it(state);
    }
}

/* --- the FIN of a half_close comes all the same --- */

static void an_early_fin_stands_before_the_reset_at_the_same_byte(void **state)
{
    struct memory_session *it = open_with(state,
        F "type = half_close\nside = client\nwhen = bytes:3\n" G
          "type = reset\nmode = abrupt\nside = client\nother = hold\nwhen = bytes:3\n");
    say(it, "abc");
    expect(it, "abc");
    assert_true(it->end[SIDE_CLIENT].fin_out);
    assert_true(it->end[SIDE_CLIENT].closed);
    assert_int_equal(it->end[SIDE_CLIENT].how, ENDPOINT_CLOSE_RESET);
    assert_int_equal(it->ended, 0);
    memory_session_feed_fin(it, SIDE_SERVER);
    assert_int_equal(it->closed[SIDE_CLIENT].mark_count, 2);
    assert_int_equal(it->closed[SIDE_CLIENT].marks[0], END_FIN_SENT);
    assert_int_equal(it->closed[SIDE_CLIENT].marks[1], END_RST_SENT);
    close_it(state);
}

static void an_early_fin_of_the_dial_is_sent_when_the_server_is_connected(void **state)
{
    struct fixture *fixture = *state;
    fixture->it.hangs = true;
    struct memory_session *it =
        open_with(state, F "type = mark\nwhen = accept\n" G
                           "type = half_close\nside = server\nafter = f\nwhen = time:100ms\n");
    memory_session_advance(it, 300 * MS);
    expect_logged(it, "fault g", 1);
    it->hangs = false;
    memory_session_settle(it);
    assert_true(it->end[SIDE_SERVER].fin_out);
    close_it(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(after_any_two_endings_a_connection_sleeps),
        TEST(while_it_is_dialled_a_connection_sleeps),
        TEST(an_early_fin_stands_before_the_reset_at_the_same_byte),
        TEST(an_early_fin_of_the_dial_is_sent_when_the_server_is_connected),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
