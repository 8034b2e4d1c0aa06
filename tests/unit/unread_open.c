/* SPDX-License-Identifier: MIT */
/* `unread` with `hold = open` stops reading before its trigger, as long as it can still fire. */
#include "tests/unit/memory_fixture.h"

#define MS US_PER_MS
#define UNREAD F "type = unread\nside = client\nhold = open\nwhen = bytes:3\nbytes = 4\n"

static void the_times_of_other_connections_end_the_pause(void **state)
{
    struct fixture *fixture = *state;
    struct memory_session other;
    struct memory_session *it = open_with(state, UNREAD "times = 1\n");
    memory_session_init(&other, CAP);
    memory_session_open(&other, &fixture->proxy, 2);
    memory_session_feed(it, SIDE_CLIENT, "abcd", 4);
    memory_session_feed(&other, SIDE_CLIENT, "efgh", 4);
    memory_session_expect(&other, SIDE_SERVER, "", 0);

    say(it, "xyz"); /* it fires, and is used up */
    expect_logged(it, "fault f unread downstream 3", 1);
    assert_true(it->end[SIDE_CLIENT].closed);
    memory_session_settle(&other);
    memory_session_expect(&other, SIDE_SERVER, "efgh", 4);
    memory_session_feed(&other, SIDE_SERVER, "xyz", 3);
    expect(&other, "xyz");
    memory_session_close(&other);
    expect_logged(&other, "fault", 1); /* in "closed ..., 0 faults" */
    assert_int_equal(other.not_fired_count, 1);
    assert_string_equal(other.not_fired[0].reason, "its times are used up");
    memory_session_deinit(&other);
    close_it(state);
}

/* A connection that has ended is not woken. */
static void an_ended_connection_waits_for_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct memory_session other;
    struct memory_session *it = open_with(state, UNREAD "times = 1\n");
    memory_session_init(&other, CAP);
    memory_session_open(&other, &fixture->proxy, 2);
    session_stop(&other.session, CAUSE_STOPPED);
    assert_int_equal(other.ended, 1);
    memory_session_feed(it, SIDE_CLIENT, "abcd", 4);
    say(it, "xyz");
    assert_false(other.wake_wanted);
    memory_session_close(&other);
    memory_session_deinit(&other);
    close_it(state);
}

static void the_end_of_its_window_ends_the_pause(void **state)
{
    struct memory_session *it = open_with(state, UNREAD "active = 0s-1s\n");
    memory_session_feed(it, SIDE_CLIENT, "abcd", 4);
    memory_session_advance(it, 999 * MS);
    memory_session_expect(it, SIDE_SERVER, "", 0);
    memory_session_advance(it, 1 * MS);
    memory_session_expect(it, SIDE_SERVER, "abcd", 4);
    say(it, "xyz");
    memory_session_close(it);
    assert_int_equal(it->not_fired_count, 1);
    assert_string_equal(it->not_fired[0].reason, "not in its window");
    memory_proxy_deinit(&((struct fixture *)*state)->proxy);
}

static void it_fires_as_often_as_its_times_allow(void **state)
{
    struct fixture *fixture = *state;
    struct memory_session other;
    struct memory_session *it = open_with(state, UNREAD "times = 2\n");
    memory_session_init(&other, CAP);
    memory_session_open(&other, &fixture->proxy, 2);
    struct memory_session *both[] = {it, &other};
    for (int i = 0; i < 2; i++) {
        memory_session_feed(both[i], SIDE_CLIENT, "abcd", 4);
        memory_session_feed(both[i], SIDE_SERVER, "xyz", 3);
        expect_logged(both[i], "fault f unread downstream 3", 1);
        assert_true(both[i]->end[SIDE_CLIENT].closed);
    }
    memory_session_close(&other);
    memory_session_deinit(&other);
    close_it(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_times_of_other_connections_end_the_pause),
        TEST(an_ended_connection_waits_for_nothing),
        TEST(the_end_of_its_window_ends_the_pause),
        TEST(it_fires_as_often_as_its_times_allow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
