/* SPDX-License-Identifier: MIT */
/*
 * No teardown waits for ever: it ends when nothing can happen any more, or when the other socket is
 * gone and nothing has happened for a while.
 */
#include "tests/unit/adoption_fixture.h"

#include "proxy/relay/peer_close.h"
#include "proxy/relay/teardown.h"

#define MS US_PER_MS

static void expect_alone_for(void **state, struct memory_session *it, time_us wait)
{
    memory_session_advance(it, wait - 10 * MS);
    assert_int_equal(it->ended, 0);
    memory_session_advance(it, 20 * MS);
    assert_int_equal(it->ended, 1);
    close_it(state);
}

/* The client's socket is gone: an ending with `other = close` has seen its FIN. */
static struct memory_session *open_and_end(void **state, const char *text)
{
    struct memory_session *it = open_with(state, text);
    memory_session_feed(it, SIDE_CLIENT, "x", 1);
    memory_session_feed_fin(it, SIDE_CLIENT);
    assert_true(it->end[SIDE_CLIENT].closed);
    assert_int_equal(it->ended, 0);
    return it;
}

static void unread_at_a_silent_server_ends_when_the_client_is_gone(void **state)
{
    struct memory_session *it = open_and_end(
        state, F "type = unread\nside = server\ndirection = upstream\nwhen = bytes:1\n");
    expect_alone_for(state, it, TEARDOWN_IDLE_US);
}

static void a_reset_on_data_ends_when_the_other_side_is_gone(void **state)
{
    struct memory_session *it = open_and_end(state,
        F "type = shut_rd\nmode = reset\nside = server\ndirection = upstream\nwhen = bytes:1\n");
    expect_alone_for(state, it, TEARDOWN_IDLE_US);
}

static void each_byte_begins_the_wait_anew(void **state)
{
    struct memory_session *it = open_and_end(state,
        F "type = unread\nbytes = 100\nside = server\ndirection = upstream\nwhen = bytes:1\n");
    for (int i = 0; i < 3; i++) {
        memory_session_advance(it, TEARDOWN_IDLE_US - 10 * MS);
        memory_session_feed(it, SIDE_SERVER, "y", 1);
        assert_int_equal(it->ended, 0);
    }
    expect_alone_for(state, it, TEARDOWN_IDLE_US);
}

static void a_held_socket_stays_for_an_hour(void **state)
{
    struct memory_session *it = open_with(state,
        F "type = reset\nside = client\nother = hold\ndirection = upstream\nwhen = bytes:1\n");
    memory_session_feed(it, SIDE_CLIENT, "x", 1);
    assert_true(it->end[SIDE_CLIENT].closed);
    expect_alone_for(state, it, TEARDOWN_HOLD_US);
}

/* Behind an early FIN: the client has finished both ways, the server never says anything. */
static void a_deserted_side_ends_too(void **state)
{
    struct memory_session *it = open_with(state, F "type = half_close\nside = client\n");
    memory_session_feed_fin(it, SIDE_CLIENT);
    assert_true(it->end[SIDE_CLIENT].closed);
    expect_alone_for(state, it, TEARDOWN_IDLE_US);
}

/* A RST drops what lies in the send queue: the client's last bytes come first. */
static void a_deserted_side_gets_all_bytes_before_the_reset(void **state)
{
    struct memory_session *it = open_with(state, F "type = half_close\nside = client\n");
    it->end[SIDE_SERVER].acked = 1;
    memory_session_feed(it, SIDE_CLIENT, "abcd", 4);
    memory_session_feed_fin(it, SIDE_CLIENT);
    memory_session_feed(it, SIDE_SERVER, "x", 1);
    memory_session_advance(it, 100 * MS);
    assert_false(it->end[SIDE_SERVER].closed);
    it->end[SIDE_SERVER].acked = SIZE_MAX;
    memory_session_advance(it, 100 * MS);
    assert_true(it->end[SIDE_SERVER].closed);
    assert_int_equal(it->end[SIDE_SERVER].how, ENDPOINT_CLOSE_RESET);
    close_it(state);
}

/* The early FIN goes to the server. Then the server resets, and the client reads nothing. */
static void a_reset_after_an_early_fin_does_not_wait_for_a_receiver(void **state)
{
    struct memory_session *it = open_with(
        state, F "type = half_close\nside = server\ndirection = upstream\nwhen = bytes:1\n");
    memory_session_open_window(it, SIDE_CLIENT, 1);
    memory_session_feed(it, SIDE_CLIENT, "x", 1);
    assert_true(it->end[SIDE_SERVER].fin_out);
    memory_session_feed(it, SIDE_SERVER, "abcd", 4);
    memory_session_feed_rst(it, SIDE_SERVER);
    assert_int_equal(it->ended, 0);
    memory_session_advance(it, 2 * US_PER_S);
    assert_int_equal(it->ended, 1);
    assert_int_equal(it->end[SIDE_CLIENT].how, ENDPOINT_CLOSE_RESET);
    close_it(state);
}

static void a_reset_that_waits_for_acknowledgements_ends(void **state)
{
    struct memory_session *it = open_with(state, F "type = reset\nwhen = bytes:4\n");
    it->end[SIDE_CLIENT].acked = 1;
    memory_session_feed(it, SIDE_SERVER, "abcd", 4);
    assert_true(it->end[SIDE_SERVER].closed);
    expect_alone_for(state, it, TEARDOWN_IDLE_US);
    assert_int_equal(it->end[SIDE_CLIENT].how, ENDPOINT_CLOSE_RESET);
}

/* No byte passes the fault in either direction, and none ever will. */
static void two_endings_that_wait_for_each_other_end(void **state)
{
    struct memory_session *it = open_with(state,
        F "type = bandwidth\nrate = 0/s\ndirection = both\n" G "type = reset\nwhen = time:1s\n");
    memory_session_feed(it, SIDE_SERVER, "x", 1);
    memory_session_feed(it, SIDE_CLIENT, "y", 1);
    memory_session_advance(it, US_PER_S);
    expect_alone_for(state, it, TEARDOWN_IDLE_US);
}

/* The peers take nothing, the server's takes its last byte half a minute later: both wait for that
 * one, asleep. */
static void two_endings_end_when_the_later_one_has_waited(void **state)
{
    struct memory_session *it = open_with(state, F "type = reset\nwhen = time:1s\n");
    for (int side = 0; side < 2; side++)
        memory_session_open_window(it, (enum side)side, 0);
    memory_session_feed(it, SIDE_SERVER, "xy", 2);
    memory_session_feed(it, SIDE_CLIENT, "xy", 2);
    memory_session_advance(it, US_PER_S + TEARDOWN_IDLE_US / 2);
    memory_session_open_window(it, SIDE_SERVER, 1);
    memory_session_advance(it, TEARDOWN_IDLE_US / 2);
    assert_int_equal(it->timer_at, it->now + TEARDOWN_IDLE_US / 2);
    expect_alone_for(state, it, TEARDOWN_IDLE_US / 2);
}

/* The graceful close has a time of its own, and the reset waits for as long. */
static void an_ending_waits_for_one_that_has_its_own_time(void **state)
{
    struct memory_session *it = open_with(
        state, F "type = close\nlinger = 5m\nside = client\nother = reset\nwhen = time:1s\n");
    for (int side = 0; side < 2; side++)
        memory_session_open_window(it, (enum side)side, 0);
    memory_session_feed(it, SIDE_SERVER, "x", 1);
    memory_session_feed(it, SIDE_CLIENT, "y", 1);
    memory_session_advance(it, US_PER_S);
    expect_alone_for(state, it, 300 * (time_us)US_PER_S);
}

/* A byte that is delayed for longer than that still comes. */
static void an_ending_waits_for_a_byte_that_has_its_time(void **state)
{
    struct memory_session *it =
        open_with(state, F "type = latency\ndelay = 5m\n" G "type = reset\nwhen = time:1s\n");
    memory_session_feed(it, SIDE_SERVER, "x", 1);
    memory_session_advance(it, 301 * (time_us)US_PER_S);
    memory_session_expect(it, SIDE_CLIENT, "x", 1);
    assert_int_equal(it->ended, 1);
    close_it(state);
}

static void unread_closes_when_no_further_byte_can_come(void **state)
{
    char bytes[1000] = {0};
    struct memory_session *it = open_with(
        state, F "type = unread\nbytes = 1M\nside = server\nother = hold\nwhen = time:1ms\n");
    it->end[SIDE_SERVER].receive_max = sizeof bytes;
    memory_session_advance(it, 1 * MS);
    memory_session_feed(it, SIDE_SERVER, bytes, sizeof bytes - 1);
    memory_session_advance(it, 300 * MS);
    assert_false(it->end[SIDE_SERVER].closed);
    memory_session_feed(it, SIDE_SERVER, bytes, 1);
    memory_session_advance(it, TEARDOWN_FULL_FIRST_US);
    assert_true(it->end[SIDE_SERVER].closed);
    assert_int_equal(it->session.side[SIDE_SERVER].record.unread, sizeof bytes);
    close_it(state);
}

static void unread_stops_reading_at_its_trigger_and_closes_a_trigger_delay_later(void **state)
{
    struct memory_session *it =
        open_with(state, F "type = unread\nside = server\ndirection = upstream\nwhen = bytes:1\n"
                           "trigger_delay = 5ms\n");
    memory_session_feed(it, SIDE_CLIENT, "a", 1);
    memory_session_feed(it, SIDE_SERVER, "not read", 8);
    memory_session_feed(it, SIDE_CLIENT, "bc", 2);
    memory_session_expect(it, SIDE_CLIENT, "", 0);
    memory_session_expect(it, SIDE_SERVER, "abc", 3);
    memory_session_advance(it, 4 * MS);
    assert_false(it->end[SIDE_SERVER].closed);
    memory_session_advance(it, 1 * MS);
    assert_true(it->end[SIDE_SERVER].closed);
    assert_int_equal(it->session.side[SIDE_SERVER].record.unread, 8);
    close_it(state);
}

/* --- both peers have ended, and a fault keeps what one of them sent --- */

static const char *const keepers[] = {
    F "type = hold_fin\n",
    F "type = hold_fin\ndirection = upstream\n",
    F "type = stall\ndirection = both\n",
    F "type = stall\ndirection = upstream\n",
    F "type = bandwidth\nrate = 0/s\n",
    F "type = unread\nhold = open\nside = server\ndirection = upstream\nwhen = bytes:100\n",
};

static struct memory_session *open_and_finish(void **state, const char *text)
{
    struct memory_session *it = open_with(state, text);
    memory_session_feed(it, SIDE_SERVER, "x", 1);
    memory_session_feed_fin(it, SIDE_SERVER);
    memory_session_feed_fin(it, SIDE_CLIENT);
    assert_int_equal(it->ended, 0);
    for (int side = 0; side < 2; side++)
        assert_int_equal(it->end[side].probed_after_s, PROBE_AFTER_S);
    memory_session_advance(it, 2 * PROBE_AFTER_S * (uint64_t)US_PER_S);
    assert_int_equal(it->ended, 0);
    return it;
}

static void what_a_fault_keeps_ends_when_both_peers_are_gone(void **state)
{
    for (size_t i = 0; i < 2 * COUNT(keepers); i++) {
        enum side first = i % 2 == 0 ? SIDE_CLIENT : SIDE_SERVER;
        struct memory_session *it = open_and_finish(state, keepers[i / 2]);
        memory_session_feed_rst(it, first);
        assert_int_equal(it->ended, 0);
        assert_false(it->end[SIDE_CLIENT].closed || it->end[SIDE_SERVER].closed);
        memory_session_advance(it, 3600 * (uint64_t)US_PER_S);
        assert_int_equal(it->ended, 0);
        memory_session_feed_rst(it, (enum side) !first);
        assert_int_equal(it->ended, 1);
        close_it(state);
    }
}

/* A peer resets on its own account before anybody has asked it. */
static void a_reset_behind_a_held_fin_is_forwarded_before_the_first_probe(void **state)
{
    struct memory_session *it = open_with(state, F "type = hold_fin\n");
    memory_session_feed_fin(it, SIDE_SERVER);
    memory_session_feed_fin(it, SIDE_CLIENT);
    memory_session_advance(it, (PROBE_AFTER_S - 1) * (uint64_t)US_PER_S);
    memory_session_feed_rst(it, SIDE_CLIENT);
    assert_int_equal(it->ended, 1);
    close_it(state);
}

/* A RST behind a FIN does not overtake the delay of that. */
static void a_reset_waits_for_the_fin_before_it(void **state)
{
    struct memory_session *it = open_with(state, F "type = latency\ndelay = 5s\n");
    memory_session_feed_fin(it, SIDE_SERVER);
    memory_session_advance(it, 5 * US_PER_S - 1);
    memory_session_feed_rst(it, SIDE_SERVER);
    assert_false(it->end[SIDE_CLIENT].fin_out || it->end[SIDE_CLIENT].closed);
    memory_session_advance(it, 1);
    assert_true(it->end[SIDE_CLIENT].fin_out);
    assert_int_equal(it->ended, 1);
    close_it(state);
}

static void a_fin_with_a_reset_behind_it_fires_its_faults(void **state)
{
    struct memory_session *it = open_with(
        state, F "type = latency\ndelay = 5s\n" G "type = inject\ndata = \"*\"\nwhen = eof\n");
    memory_session_feed_fin(it, SIDE_SERVER);
    memory_session_feed_rst(it, SIDE_SERVER);
    memory_session_advance(it, 5 * US_PER_S);
    expect(it, "*");
    assert_int_equal(it->ended, 1);
    close_it(state);
}

static void nobody_is_probed_while_a_peer_has_not_ended(void **state)
{
    for (size_t i = 0; i < COUNT(keepers); i++) {
        struct memory_session *it = open_with(state, keepers[i]);
        memory_session_feed_fin(it, SIDE_CLIENT);
        assert_int_equal(it->end[SIDE_CLIENT].probed_after_s, 0);
        assert_int_equal(it->end[SIDE_SERVER].probed_after_s, 0);
        close_it(state);
    }
}

static void a_fin_that_is_released_reaches_the_peer_that_is_left(void **state)
{
    struct memory_session *it = open_and_finish(state, F "type = stall\n");
    memory_session_feed_rst(it, SIDE_SERVER);
    assert_int_equal(it->end[SIDE_CLIENT].out_len, 0);
    adopt(state, "");
    memory_session_expect(it, SIDE_CLIENT, "x", 1);
    close_it(state);
}

/* --- while the upstream is dialled --- */

static void inject(struct memory_session *it, struct memory_proxy *proxy, const char *text)
{
    struct memory_proxy other;
    memory_proxy_init(&other, text);
    struct rule *rule =
        rule_new(&other.config.faults[0], RULE_FOR_CONNECTION, NULL, "a", NULL, &proxy->book);
    struct sockaddr_storage client = {.ss_family = AF_INET};
    assert_int_equal(
        session_adopt(&it->session, NULL, &(struct rule_change){.to = rule}, 1, &client), 0);
    rule_unref(rule);
    memory_proxy_deinit(&other);
}

static void an_ending_for_one_connection_does_not_wait_for_its_dial(void **state)
{
    static const char *const texts[] = {F "type = reset\n", F "type = close\nmode = plain\n"};
    static const char *const delays[] = {"", G "type = connect_delay\nfor = 1h\n"};
    for (size_t i = 0; i < COUNT(texts) * COUNT(delays); i++) {
        struct fixture *fixture = *state;
        fixture->it.hangs = true;
        struct memory_session *it = open_with(state, delays[i / 2]);
        assert_int_equal(it->dialled, i < 2);
        inject(it, &fixture->proxy, texts[i % 2]);
        memory_session_settle(it);
        assert_int_equal(it->ended, 1);
        close_it(state);
    }
}

/* A graceful close waits for its client: the upstream is not dialled meanwhile. */
static void a_graceful_close_gives_up_the_dial(void **state)
{
    struct fixture *fixture = *state;
    fixture->it.hangs = true;
    struct memory_session *it = open_with(state, "");
    assert_true(it->dialled);
    inject(it, &fixture->proxy, F "type = close\n");
    memory_session_settle(it);
    assert_false(it->dialled);
    assert_true(it->end[SIDE_CLIENT].fin_out);
    assert_int_equal(it->ended, 0);
    memory_session_feed_fin(it, SIDE_CLIENT);
    assert_int_equal(it->ended, 1);
    close_it(state);
}

static void a_fault_that_ends_nothing_waits_for_the_open(void **state)
{
    struct fixture *fixture = *state;
    fixture->it.hangs = true;
    struct memory_session *it = open_with(state, "");
    inject(it, &fixture->proxy, F "type = stall\n");
    memory_session_settle(it);
    assert_int_equal(it->injected_count, 0);
    it->hangs = false;
    memory_session_settle(it);
    assert_int_equal(it->injected_count, 1);
    close_it(state);
}

static void connect_delay_ends_when_its_client_resets(void **state)
{
    struct memory_session *it = open_with(state, F "type = connect_delay\nfor = 1h\n");
    memory_session_feed(it, SIDE_CLIENT, "x", 1);
    memory_session_feed_rst(it, SIDE_CLIENT);
    assert_int_equal(it->ended, 1);
    assert_int_equal(it->cause, CAUSE_CLIENT_RST);
    close_it(state);
}

static void connect_delay_goes_on_when_its_client_has_finished(void **state)
{
    struct memory_session *it = open_with(state, F "type = connect_delay\nfor = 1s\n");
    memory_session_feed(it, SIDE_CLIENT, "x", 1);
    memory_session_feed_fin(it, SIDE_CLIENT);
    assert_int_equal(it->ended, 0);
    memory_session_advance(it, US_PER_S);
    memory_session_expect(it, SIDE_SERVER, "x", 1);
    assert_true(it->end[SIDE_SERVER].fin_out);
    close_it(state);
}

static void a_reset_does_not_wait_for_a_client_that_only_sends(void **state)
{
    struct memory_session *it = open_with(state, F "type = reset\nwhen = bytes:4\n");
    it->end[SIDE_CLIENT].acked = 1;
    memory_session_feed(it, SIDE_SERVER, "abcd", 4);
    for (int i = 0; i < 5; i++) {
        memory_session_advance(it, 10 * US_PER_S);
        memory_session_feed(it, SIDE_CLIENT, "x", 1);
    }
    expect_alone_for(state, it, TEARDOWN_IDLE_US - 50 * US_PER_S);
}

/* The server sends nothing, and the client takes nothing. */
static void a_wait_for_a_byte_and_a_delivery_end_together(void **state)
{
    static const char *const texts[] = {F
        "type = unread\nside = server\nother = reset\nwhen = bytes:4\n",
        F "type = shut_rd\nside = server\nmode = reset\nother = reset\nwhen = bytes:4\n"};
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct memory_session *it = open_with(state, texts[i]);
        it->end[SIDE_CLIENT].acked = 1;
        memory_session_feed(it, SIDE_SERVER, "abcd", 4);
        expect_alone_for(state, it, TEARDOWN_IDLE_US);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(unread_at_a_silent_server_ends_when_the_client_is_gone),
        TEST(a_reset_on_data_ends_when_the_other_side_is_gone),
        TEST(each_byte_begins_the_wait_anew),
        TEST(a_held_socket_stays_for_an_hour),
        TEST(a_deserted_side_ends_too),
        TEST(a_deserted_side_gets_all_bytes_before_the_reset),
        TEST(a_reset_after_an_early_fin_does_not_wait_for_a_receiver),
        TEST(a_reset_that_waits_for_acknowledgements_ends),
        TEST(a_reset_does_not_wait_for_a_client_that_only_sends),
        TEST(a_wait_for_a_byte_and_a_delivery_end_together),
        TEST(two_endings_that_wait_for_each_other_end),
        TEST(two_endings_end_when_the_later_one_has_waited),
        TEST(an_ending_waits_for_one_that_has_its_own_time),
        TEST(an_ending_waits_for_a_byte_that_has_its_time),
        TEST(unread_closes_when_no_further_byte_can_come),
        TEST(unread_stops_reading_at_its_trigger_and_closes_a_trigger_delay_later),
        TEST(what_a_fault_keeps_ends_when_both_peers_are_gone),
        TEST(a_reset_behind_a_held_fin_is_forwarded_before_the_first_probe),
        TEST(a_reset_waits_for_the_fin_before_it),
        TEST(a_fin_with_a_reset_behind_it_fires_its_faults),
        TEST(nobody_is_probed_while_a_peer_has_not_ended),
        TEST(a_fin_that_is_released_reaches_the_peer_that_is_left),
        TEST(an_ending_for_one_connection_does_not_wait_for_its_dial),
        TEST(a_graceful_close_gives_up_the_dial),
        TEST(a_fault_that_ends_nothing_waits_for_the_open),
        TEST(connect_delay_ends_when_its_client_resets),
        TEST(connect_delay_goes_on_when_its_client_has_finished),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
