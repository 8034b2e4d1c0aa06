/* SPDX-License-Identifier: MIT */
/* The RST of a peer waits for the bytes before it, as long as they can still be forwarded. */
#include "tests/unit/memory_fixture.h"

#define MS US_PER_MS

/* The client takes 10,000 bytes every 600 ms, which moves them on although no byte of the server's
 * moves. */
static void a_reset_behind_an_insertion_waits_for_a_client_that_reads(void **state)
{
    struct memory_session *it =
        open_with(state, F "type = inject\nrandom = 100000\nwhen = bytes:3\n");
    memory_session_open_window(it, SIDE_CLIENT, 3);
    memory_session_feed(it, SIDE_SERVER, "abc", 3);
    memory_session_feed_rst(it, SIDE_SERVER);
    for (size_t taken = 3; taken < 100003; taken += 10000) {
        assert_int_equal(it->ended, 0);
        memory_session_advance(it, 600 * MS);
        memory_session_open_window(it, SIDE_CLIENT, taken + 10000);
    }
    assert_int_equal(it->end[SIDE_CLIENT].out_len, 100003);
    memory_session_advance(it, 100 * MS);
    assert_int_equal(it->ended, 1);
    assert_int_equal(it->end[SIDE_CLIENT].how, ENDPOINT_CLOSE_RESET);
    close_it(state);
}

/* --- a stall: the kernel keeps what arrived before the RST --- */

/* The server sends five bytes into a stall, then a RST. */
static struct memory_session *open_stalled(void **state, const char *keys)
{
    struct memory_session *it = open_with(state, keys);
    say(it, "abc");
    memory_session_advance(it, 100 * MS);
    say(it, "defgh");
    memory_session_advance(it, 100 * MS);
    memory_session_feed_rst(it, SIDE_SERVER);
    expect(it, "abc");
    return it;
}

static void a_reset_waits_for_the_end_of_a_stall(void **state)
{
    static const char *const keys[] = {F "type = stall\nwhen = bytes:3\nfor = 400ms\n",
        F "type = stall\nwhen = bytes:3\nuntil = time:400ms\n",
        F "type = stall\nwhen = bytes:3\nuntil = idle:400ms\n",
        F "type = stall\nwhen = bytes:3\nactive = 0s-400ms\n",
        F "type = stall\nwhen = bytes:3\nfor = 300ms\n" G "type = stall\nfor = 400ms\n"
          "when = time:10ms\n"};
    for (size_t i = 0; i < COUNT(keys); i++) {
        struct memory_session *it = open_stalled(state, keys[i]);
        memory_session_advance(it, 150 * MS);
        assert_int_equal(it->ended, 0);
        expect(it, "abc");
        memory_session_advance(it, 100 * MS);
        expect(it, "abcdefgh");
        assert_int_equal(it->ended, 1);
        assert_int_equal(it->end[SIDE_CLIENT].how, ENDPOINT_CLOSE_RESET);
        assert_int_equal(it->cause, CAUSE_SERVER_RST);
        close_it(state);
    }
}

static void a_reset_does_not_wait_where_nothing_is_read_any_more(void **state)
{
    static const char *const keys[] = {F "type = stall\nwhen = bytes:3\n",
        F "type = stall\nwhen = bytes:3\nfor = 400ms\n" G "type = stall\nwhen = time:50ms\n",
        F "type = unread\nside = server\nwhen = bytes:3\nbytes = 1000\ntrigger_delay = 1s\n",
        F "type = stall\nwhen = bytes:3\nfor = 400ms\n" G
          "type = half_close\nside = client\nwhen = time:50ms\n"};
    for (size_t i = 0; i < COUNT(keys); i++) {
        struct memory_session *it = open_stalled(state, keys[i]);
        assert_int_equal(it->ended, 1);
        assert_int_equal(it->end[SIDE_CLIENT].how, ENDPOINT_CLOSE_RESET);
        close_it(state);
    }
}

/* As long as no receiver is slow, nothing has to be watched. */
static void a_connection_sleeps_while_a_reset_waits_for_a_stall(void **state)
{
    struct memory_session *it = open_stalled(state, F "type = stall\nwhen = bytes:3\nfor = 1h\n");
    time_us sleeps = it->timer_at - it->now;
    assert_in_range(sleeps, 3599 * US_PER_S, 3600 * US_PER_S);
    close_it(state);
}

/* The client is gone too: nobody waits for the bytes. */
static void a_reset_does_not_wait_for_a_stall_when_the_receiver_is_gone(void **state)
{
    struct memory_session *it = open_stalled(state, F "type = stall\nwhen = bytes:3\nfor = 1h\n");
    assert_int_equal(it->ended, 0);
    memory_session_feed_rst(it, SIDE_CLIENT);
    assert_int_equal(it->ended, 1);
    close_it(state);
}

/* Bytes that are dropped because their receiver is gone are no activity. */
static void a_reset_waits_for_a_stall_until_idle_while_the_other_peer_sends(void **state)
{
    struct memory_session *it =
        open_with(state, F "type = stall\ndirection = upstream\nwhen = bytes:3\nuntil = idle:1s\n");
    memory_session_feed(it, SIDE_CLIENT, "abc", 3);
    say(it, "x");
    memory_session_feed_rst(it, SIDE_CLIENT);
    for (int i = 0; i < 4; i++) {
        memory_session_advance(it, 200 * MS);
        assert_int_equal(it->ended, 0);
        say(it, "x");
    }
    memory_session_advance(it, 200 * MS);
    assert_int_equal(it->ended, 1);
    assert_int_equal(it->end[SIDE_SERVER].how, ENDPOINT_CLOSE_RESET);
    close_it(state);
}

/* How the RST behind the FIN of the server is found. */
enum finding {
    BY_REPORT,         /* the socket reports it, and the error says that the FIN came first */
    BY_WRITE,          /* a write meets it before it is reported, and takes the error away */
    AFTER_BOTH_CLOSED, /* the error says no more that the FIN came first (LAST_ACK) */
};

static void feed_fin_and_rst(struct memory_session *it, enum finding how)
{
    struct memory_endpoint *server = &it->end[SIDE_SERVER];
    if (how == BY_WRITE) {
        memory_endpoint_feed_fin(server);
        memory_endpoint_feed_rst(server);
        server->ep.ready &= ~(unsigned)(ENDPOINT_HANGUP | ENDPOINT_ERROR);
        memory_session_feed(it, SIDE_CLIENT, "x", 1);
        server->ep.ready |= ENDPOINT_HANGUP;
        return;
    }
    memory_session_feed_fin(it, SIDE_SERVER);
    if (how == AFTER_BOTH_CLOSED) {
        memory_session_feed_fin(it, SIDE_CLIENT);
        assert_true(server->fin_out);
    }
    memory_session_feed_rst(it, SIDE_SERVER);
}

/* The client sees the FIN behind the bytes, then the RST. */
static void a_fin_before_the_reset_comes_when_the_stall_ends(void **state)
{
    for (int how = BY_REPORT; how <= AFTER_BOTH_CLOSED; how++) {
        struct memory_session *it = open_with(state,
            F "type = stall\nwhen = bytes:3\nfor = 400ms\n" G "type = mark\nwhen = eof\n"
              "direction = downstream\n");
        print_message("found %d\n", how);
        say(it, "abcde");
        feed_fin_and_rst(it, (enum finding)how);
        memory_session_advance(it, 399 * MS);
        expect(it, "abc");
        assert_int_equal(it->ended, 0);
        memory_session_advance(it, 1 * MS);
        expect(it, "abcde");
        assert_true(it->end[SIDE_CLIENT].fin_out);
        expect_logged(it, "fault g mark", 1);
        assert_int_equal(it->ended, 1);
        assert_int_equal(it->end[SIDE_CLIENT].how, ENDPOINT_CLOSE_RESET);
        close_it(state);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_reset_behind_an_insertion_waits_for_a_client_that_reads),
        TEST(a_reset_waits_for_the_end_of_a_stall),
        TEST(a_reset_waits_for_a_stall_until_idle_while_the_other_peer_sends),
        TEST(a_fin_before_the_reset_comes_when_the_stall_ends),
        TEST(a_reset_does_not_wait_where_nothing_is_read_any_more),
        TEST(a_connection_sleeps_while_a_reset_waits_for_a_stall),
        TEST(a_reset_does_not_wait_for_a_stall_when_the_receiver_is_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
