/* SPDX-License-Identifier: MIT */
/*
 * shutdown(SHUT_RD) of a peer on a UNIX socket: sends to it fail with EPIPE, but it has not reset
 * the connection, and its own bytes still pass.
 */
#include "tests/unit/memory_fixture.h"

static void make_unix(struct memory_session *it, enum side side)
{
    it->end[side].ep.can_reset = false;
}

static void the_other_direction_goes_on(void **state)
{
    for (int both = 0; both < 2; both++) {
        struct memory_session *it = open_with(state, "");
        make_unix(it, SIDE_CLIENT);
        if (both)
            make_unix(it, SIDE_SERVER);
        it->end[SIDE_CLIENT].reads_no_more = true;
        say(it, "lost");
        assert_int_equal(it->ended, 0);
        assert_int_equal(it->end[SIDE_SERVER].read_shut, both);
        assert_int_equal(it->end[SIDE_SERVER].in_read, 4);
        memory_session_feed(it, SIDE_CLIENT, "hello", 5);
        memory_session_expect(it, SIDE_SERVER, "hello", 5);
        if (!both) /* its sender cannot be told: the bytes are dropped */
            say(it, "lost too");
        memory_session_feed_fin(it, SIDE_CLIENT);
        memory_session_feed_fin(it, SIDE_SERVER);
        assert_int_equal(it->ended, 1);
        assert_int_equal(it->cause, CAUSE_CLIENT_FIN);
        assert_true(it->end[SIDE_SERVER].fin_out || it->end[SIDE_SERVER].closed);
        assert_null(strstr(it->log, "reset_seen"));
        assert_int_equal(it->closed[SIDE_CLIENT].errnum, 0);
        close_it(state);
    }
}

/* The bytes that were on their way are read, so that the close of the socket is no reset. */
static void unread_bytes_make_no_reset(void **state)
{
    struct memory_session *it = open_with(state, "");
    make_unix(it, SIDE_CLIENT);
    make_unix(it, SIDE_SERVER);
    it->end[SIDE_CLIENT].reads_no_more = true;
    static const char bytes[2u << 20];
    memory_session_feed(it, SIDE_SERVER, bytes, sizeof bytes);
    assert_int_equal(it->end[SIDE_SERVER].in_read, sizeof bytes);
    memory_session_feed_fin(it, SIDE_CLIENT);
    assert_int_equal(it->ended, 1);
    assert_int_equal(it->closed[SIDE_SERVER].unread, 0);
    assert_null(strstr(it->log, "eof server")); /* it sent none */
    close_it(state);
}

/* A peer that has closed both ways is gone: as before. */
static void a_peer_that_is_gone_has_reset(void **state)
{
    struct memory_session *it = open_with(state, "");
    make_unix(it, SIDE_CLIENT);
    make_unix(it, SIDE_SERVER);
    it->end[SIDE_CLIENT].reads_no_more = true;
    it->end[SIDE_CLIENT].ep.ready |= ENDPOINT_GONE | ENDPOINT_HANGUP;
    say(it, "lost");
    assert_non_null(strstr(it->log, "reset_seen client"));
    close_it(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_other_direction_goes_on),
        TEST(unread_bytes_make_no_reset),
        TEST(a_peer_that_is_gone_has_reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
