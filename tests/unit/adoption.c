/* SPDX-License-Identifier: MIT */
/*
 * A connection takes over other faults in the middle of what it does: what begins, what goes on,
 * what ends.
 */
#include "tests/unit/adoption_fixture.h"

static void expect_log(const struct memory_session *it, const char *line, bool there)
{
    if ((strstr(it->log, line) != NULL) != there)
        fail_msg("%s in the log is: %s\n%s", there ? "not" : "wrongly", line, it->log);
}

/* --- what is new --- */

static void what_is_due_at_the_open_is_due_now(void **state)
{
    static const char *const modes[] = {
        "type = reset\n", "type = reset\nmode = abrupt\n", "type = close\nmode = plain\n"};
    for (size_t i = 0; i < COUNT(modes); i++) {
        char text[64];
        struct memory_session *it = open_with(state, "");
        feed(it, SIDE_SERVER, 100);
        snprintf(text, sizeof text, F "%s", modes[i]);
        adopt(state, text);
        expect_log(it, " downstream 100\n", true);
        assert_int_equal(it->ended, 1);
        assert_int_equal(it->cause, CAUSE_FAULT);
        close_it(state);
    }
}

static void an_offset_ahead_is_exact_and_one_behind_is_past(void **state)
{
    struct memory_session *it = open_with(state, "");
    feed(it, SIDE_SERVER, 100);
    adopt(state, F "type = reset\nwhen = bytes:99\n");
    feed(it, SIDE_SERVER, 100);
    expect_log(it, "fault f", false);
    adopt(state,
        F "type = reset\nwhen = bytes:250\n" G "type = stall\nwhen = bytes:200\nuntil = time:1s\n");
    expect_log(it, "fault g stall downstream 200\n", true);
    memory_session_advance(it, 1 * US_PER_S);
    feed(it, SIDE_SERVER, 100);
    expect_log(it, "fault f reset downstream 250\n", true);
    memory_session_expect(it, SIDE_CLIENT, pattern, 250);
    close_it(state);
}

static void an_offset_in_bytes_that_wait_is_exact(void **state)
{
    struct memory_session *it = open_with(state, "");
    memory_session_open_window(it, SIDE_CLIENT, 50);
    feed(it, SIDE_SERVER, 1000);
    assert_int_equal(arrived(it, SIDE_CLIENT), 50);
    adopt(state, F "type = reset\nside = client\nwhen = bytes:500\n");
    memory_session_open_window(it, SIDE_CLIENT, SIZE_MAX);
    expect_log(it, "fault f reset downstream 500\n", true);
    memory_session_expect(it, SIDE_CLIENT, pattern, 500);
    close_it(state);
}

static void a_time_that_is_past_does_not_come_again(void **state)
{
    struct memory_session *it = open_with(state, "");
    memory_session_advance(it, 100 * US_PER_MS);
    adopt(state, F "type = reset\nwhen = time:50ms\n" G "type = stall\nwhen = time:150ms\n");
    memory_session_advance(it, 49 * US_PER_MS);
    expect_log(it, "fault ", false);
    memory_session_advance(it, 1 * US_PER_MS);
    expect_log(it, "fault g", true);
    memory_session_advance(it, 10 * US_PER_S);
    expect_log(it, "fault f", false);
    close_it(state);
}

static void silence_counts_from_now(void **state)
{
    struct memory_session *it = open_with(state, "");
    memory_session_advance(it, 10 * US_PER_S);
    adopt(state, F "type = reset\nwhen = idle:1s\n");
    memory_session_advance(it, 999 * US_PER_MS);
    expect_log(it, "fault f", false);
    memory_session_advance(it, 1 * US_PER_MS);
    expect_log(it, "fault f", true);
    close_it(state);
}

static void a_fin_that_has_come_is_no_trigger_and_one_to_come_is(void **state)
{
    struct memory_session *it = open_with(state, "");
    memory_session_feed_fin(it, SIDE_CLIENT);
    adopt(
        state, F "type = reset\nwhen = eof\ndirection = upstream\n" G "type = reset\nwhen = eof\n");
    expect_log(it, "fault ", false);
    memory_session_feed_fin(it, SIDE_SERVER);
    expect_log(it, "fault f", false);
    expect_log(it, "fault g", true);
    close_it(state);
}

static void a_pattern_is_looked_for_from_now_on(void **state)
{
    struct memory_session *it = open_with(state, "");
    memory_session_feed(it, SIDE_SERVER, "stop", 4);
    adopt(state, F "type = reset\nside = client\nwhen = match:\"stop\"\n");
    memory_session_feed(it, SIDE_SERVER, "st", 2);
    expect_log(it, "fault f", false);
    memory_session_feed(it, SIDE_SERVER, "op and go", 9);
    expect_log(it, "fault f reset downstream 8\n", true);
    memory_session_expect(it, SIDE_CLIENT, "stopstop", 8);
    close_it(state);
}

static void accept_is_past(void **state)
{
    struct memory_session *it = open_with(state, "");
    adopt(state,
        F "type = reset\nwhen = accept\nside = client\n" G "type = connect_delay\nfor = 1s\n");
    feed(it, SIDE_CLIENT, 10);
    assert_int_equal(arrived(it, SIDE_SERVER), 10);
    expect_log(it, "fault ", false);
    close_it(state);
}

static void a_chance_is_drawn_as_for_a_new_connection(void **state)
{
    static const char *const text = F "type = stall\nchance = 50%\n";
    struct fixture *fixture = *state;
    struct memory_session *it = &fixture->it;
    unsigned selected = 0;
    for (uint64_t number = 1; number <= 64; number++) {
        memory_proxy_init(&fixture->proxy, text);
        memory_session_open(it, &fixture->proxy, number);
        bool from_the_start = strstr(it->log, "fault f") != NULL;
        adopt(state, "");
        close_it(state);
        memory_proxy_init(&fixture->proxy, "");
        memory_session_open(it, &fixture->proxy, number);
        adopt(state, text);
        expect_log(it, "fault f", from_the_start);
        assert_int_equal(fixture->proxy.plan->rules[0]->fault_counter->armed, from_the_start);
        selected += from_the_start;
        close_it(state);
    }
    assert_in_range(selected, 16, 48);
}

static void latency_holds_what_waits_from_now_and_what_comes_from_its_arrival(void **state)
{
    struct memory_session *it = open_with(state, "");
    memory_session_open_window(it, SIDE_CLIENT, 10);
    feed(it, SIDE_SERVER, 100);
    memory_session_advance(it, 1 * US_PER_S);
    adopt(state, F "type = latency\ndelay = 100ms\n");
    memory_session_open_window(it, SIDE_CLIENT, SIZE_MAX);
    memory_session_advance(it, 50 * US_PER_MS);
    feed(it, SIDE_SERVER, 100);
    memory_session_advance(it, 49 * US_PER_MS);
    assert_int_equal(arrived(it, SIDE_CLIENT), 10);
    memory_session_advance(it, 1 * US_PER_MS);
    assert_int_equal(arrived(it, SIDE_CLIENT), 100);
    memory_session_advance(it, 50 * US_PER_MS);
    memory_session_expect(it, SIDE_CLIENT, pattern, 200);
    close_it(state);
}

/* --- what is gone --- */

static void what_was_held_back_goes_on(void **state)
{
    static const char *const texts[] = {
        F "type = latency\ndelay = 1h\n",
        F "type = bandwidth\nrate = 1/s\nburst = 1\n",
        F "type = stall\n",
        F "type = reset\nwhen = match:\"\\x00\\x1f\\x3e?\"\nedge = before\n",
    };
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct memory_session *it = open_with(state, texts[i]);
        feed(it, SIDE_SERVER, 3);
        memory_session_advance(it, 10);
        assert_in_range(arrived(it, SIDE_CLIENT), 0, 2);
        adopt(state, "");
        memory_session_expect(it, SIDE_CLIENT, pattern, 3);
        expect_log(it, "fault_over f", i != 3);
        assert_null(it->session.flow[DIRECTION_DOWNSTREAM].shaping);
        assert_int_equal(it->session.armed.count, 0);
        memory_session_feed_fin(it, SIDE_SERVER);
        assert_true(it->end[SIDE_CLIENT].fin_out);
        close_it(state);
    }
}

static void a_fin_that_was_held_goes_on(void **state)
{
    struct memory_session *it = open_with(state, F "type = hold_fin\n");
    memory_session_feed_fin(it, SIDE_CLIENT);
    memory_session_advance(it, 10 * US_PER_S);
    assert_false(it->end[SIDE_SERVER].fin_out);
    adopt(state, F "type = hold_fin\nfor = 1s\n");
    memory_session_advance(it, 999 * US_PER_MS);
    assert_false(it->end[SIDE_SERVER].fin_out);
    adopt(state, "");
    assert_true(it->end[SIDE_SERVER].fin_out);
    close_it(state);
}

static void bytes_that_are_inserted_go_to_their_end(void **state)
{
    struct memory_session *it =
        open_with(state, F "type = inject\ndata = \"0123456789\"\nwhen = bytes:5\n");
    memory_session_open_window(it, SIDE_CLIENT, 9);
    memory_session_feed(it, SIDE_SERVER, "abcdefgh", 8);
    adopt(state, "");
    adopt(state, F "type = inject\ndata = \"!\"\nwhen = bytes:8\n");
    memory_session_open_window(it, SIDE_CLIENT, SIZE_MAX);
    memory_session_expect(it, SIDE_CLIENT, "abcde0123456789fgh!", 19);
    close_it(state);
}

/* --- what changes --- */

static void a_new_value_counts_at_once_and_no_second_injection(void **state)
{
    struct fixture *fixture = *state;
    struct memory_session *it = open_with(state, F "type = latency\ndelay = 1h\ntimes = 1\n");
    feed(it, SIDE_SERVER, 100);
    adopt(state, F "type = latency\ndelay = 10ms\ntimes = 1\n");
    memory_session_advance(it, 9 * US_PER_MS);
    assert_int_equal(arrived(it, SIDE_CLIENT), 0);
    memory_session_advance(it, 1 * US_PER_MS);
    memory_session_expect(it, SIDE_CLIENT, pattern, 100);
    expect_log(it, "fault_over", false);
    assert_int_equal(it->injected_count, 1);
    assert_int_equal(fixture->proxy.plan->rules[0]->fault_counter->fired, 1);
    assert_int_equal(fixture->proxy.plan->rules[0]->fault_counter->armed, 1);
    close_it(state);
}

static void a_duration_counts_from_when_it_began(void **state)
{
    struct memory_session *it = open_with(state, F "type = stall\nfor = 1h\n");
    memory_session_advance(it, 1 * US_PER_S);
    adopt(state, F "type = stall\nfor = 3s\n");
    memory_session_advance(it, 2 * US_PER_S - 1);
    expect_log(it, "fault_over", false);
    memory_session_advance(it, 1);
    expect_log(it, "fault_over", true);
    adopt(state, F "type = stall\nfor = 4s\n");
    memory_session_advance(it, 10 * US_PER_S);
    assert_int_equal(it->injected_count, 2);
    close_it(state);
}

static void another_type_or_trigger_begins_anew(void **state)
{
    struct memory_session *it = open_with(state, F "type = stall\n");
    feed(it, SIDE_SERVER, 100);
    adopt(state, F "type = latency\ndelay = 1h\n");
    expect_log(
        it, "fault f stall downstream 0\nfault_over f stall downstream 0\nfault f latency", true);
    adopt(state, F "type = latency\ndelay = 1h\nwhen = bytes:200\n");
    assert_int_equal(arrived(it, SIDE_CLIENT), 100);
    feed(it, SIDE_SERVER, 200);
    memory_session_expect(it, SIDE_CLIENT, pattern, 200);
    adopt(state, F "type = latency\ndelay = 1h\nwhen = bytes:200\ndirection = upstream\n");
    memory_session_expect(it, SIDE_CLIENT, pattern, 300);
    close_it(state);
}

/* A rate that was slow for a while has saved nothing for the fast one. */
static void a_rate_changes_without_a_burst(void **state)
{
    struct memory_session *it = open_with(state, F "type = bandwidth\nrate = 1/s\nburst = 1\n");
    feed(it, SIDE_SERVER, BLOCK);
    memory_session_advance(it, 900 * US_PER_MS);
    adopt(state, F "type = bandwidth\nrate = 100k/s\nburst = 1\n");
    memory_session_advance(it, 100 * US_PER_MS);
    assert_in_range(arrived(it, SIDE_CLIENT), 10 * 1024 - 100, 10 * 1024 + 100);
    memory_session_advance(it, 900 * US_PER_MS);
    assert_in_range(arrived(it, SIDE_CLIENT), 100 * 1024 - 100, 100 * 1024 + 100);
    close_it(state);
}

static void what_is_not_changed_is_not_touched(void **state)
{
    struct memory_session *it =
        open_with(state, F "type = stall\n" G "type = reset\nwhen = match:\"xyz\"\n");
    const struct armed_fault *stall = it->session.armed.list[0];
    memory_session_feed(it, SIDE_SERVER, "xy", 2);
    adopt(state, F "type = stall\n[fault h]\ntype = latency\ndelay = 1ms\n" G
                   "type = reset\nwhen = match:\"xyz\"\n");
    assert_ptr_equal(it->session.armed.list[0], stall);
    assert_int_equal(it->session.armed.count, 3);
    adopt(state, G "type = reset\nwhen = match:\"xyz\"\n");
    memory_session_feed(it, SIDE_SERVER, "z", 1);
    expect_log(it, "fault g reset downstream 3\n", true);
    close_it(state);
}

/* --- the pipe --- */

#define SMALL "[proxy a]\nlisten = 127.0.0.1:1\nupstream = 127.0.0.1:2\nbuffer = 64k\n"

/* Bytes stand in the pipe, because the client takes nothing. */
static void pipe_up(struct memory_session *it)
{
    feed(it, SIDE_SERVER, BLOCK);
    memory_session_open_window(it, SIDE_CLIENT, BLOCK + RING_BLOCK + 140000);
    feed(it, SIDE_SERVER, BLOCK);
    assert_in_range(it->session.flow[DIRECTION_DOWNSTREAM].spliced.bytes, 1, BLOCK);
}

static void what_stands_in_a_pipe_is_shaped_too(void **state)
{
    struct memory_session *it = open_spliced(state, SMALL);
    pipe_up(it);
    assert_in_range(it->session.flow[DIRECTION_DOWNSTREAM].spliced.bytes, (64 << 10) + 1, BLOCK);
    size_t before = arrived(it, SIDE_CLIENT);
    adopt(state, F "type = latency\ndelay = 100ms\n");
    memory_session_open_window(it, SIDE_CLIENT, SIZE_MAX);
    memory_session_advance(it, 99 * US_PER_MS);
    assert_int_equal(arrived(it, SIDE_CLIENT), before);
    memory_session_advance(it, 1 * US_PER_MS);
    assert_in_range(arrived(it, SIDE_CLIENT), before + (64 << 10), 2 * BLOCK);
    for (int i = 0; i < 10; i++) /* what had no room */
        memory_session_advance(it, 100 * US_PER_MS);
    memory_session_expect(it, SIDE_CLIENT, pattern, 2 * BLOCK);
    uint64_t spliced = it->splice_pipes.spliced;
    adopt(state, "");
    feed(it, SIDE_SERVER, 2 * BLOCK);
    memory_session_expect(it, SIDE_CLIENT, pattern, 4 * BLOCK);
    assert_in_range(it->splice_pipes.spliced, spliced + BLOCK, SIZE_MAX);
    close_it(state);
}

static void an_edge_in_a_pipe_is_exact(void **state)
{
    static const char *const faults[] = {F "type = reset\nside = client\nwhen = bytes:1100000\n",
        F "type = stall\nwhen = bytes:1100000\n"};
    for (size_t i = 0; i < COUNT(faults); i++) {
        struct memory_session *it = open_spliced(state, "");
        pipe_up(it);
        adopt(state, faults[i]);
        memory_session_open_window(it, SIDE_CLIENT, SIZE_MAX);
        expect_log(it, " downstream 1100000\n", true);
        memory_session_expect(it, SIDE_CLIENT, pattern, 1100000);
        close_it(state);
    }
}

/* --- a fault for one connection --- */

static void a_fault_for_one_connection_survives_every_change(void **state)
{
    struct fixture *fixture = *state;
    struct memory_session *it = open_with(state, "");
    struct config config;
    struct adoption *adoption;
    assert_int_equal(memory_config_read(&config, F "type = stall\n" G "type = reset\n"), 0);
    for (size_t i = 0; i < 2; i++) {
        struct rule *rule =
            rule_new(&config.faults[i], RULE_FOR_CONNECTION, NULL, "a", NULL, &fixture->proxy.book);
        const struct rule_change change = {.to = rule};
        const struct sockaddr_storage client = {0};
        assert_int_equal(adoption_prepare(&it->session, NULL, &change, 1, &client, &adoption), 0);
        adoption_commit(adoption);
        rule_unref(rule);
        if (i == 0) {
            adopt(state, F "type = latency\ndelay = 1ms\n");
            adopt(state, "");
            feed(it, SIDE_SERVER, 100);
            assert_int_equal(arrived(it, SIDE_CLIENT), 0);
        }
    }
    assert_int_equal(it->ended, 1);
    config_free(&config);
    close_it(state);
}

/* --- before the connection stands, and behind its end --- */

static void adoption_at_every_event_and_at_the_end(void **state)
{
    static const char *const texts[] = {
        "", F "type = close\nwhen = bytes:300\n", F "type = reset\nwhen = idle:1s\n"};
    struct fixture *fixture = *state;
    struct memory_session *it = &fixture->it;
    for (unsigned stop_at = 0; stop_at < 12; stop_at++) {
        for (size_t i = 0; i < COUNT(texts); i++) {
            it->stop_at = stop_at;
            memory_proxy_init(
                &fixture->proxy, F "type = stall\n" G "type = half_close\nside = client\n");
            memory_session_open(it, &fixture->proxy, 1);
            adopt(state, F "type = stall\nwhen = bytes:10\n" G "type = latency\ndelay = 1ms\n");
            feed(it, SIDE_CLIENT, 100);
            adopt(state, texts[i]);
            feed(it, SIDE_SERVER, 400);
            adopt(state, F "type = blackhole\n");
            memory_session_feed_fin(it, SIDE_CLIENT);
            adopt(state, G "type = hold_fin\ndirection = upstream\n");
            adopt(state, "");
            memory_session_advance(it, 10 * US_PER_S);
            close_it(state);
        }
    }
}

static void a_connection_that_is_not_open_yet_gets_them_when_it_is(void **state)
{
    struct fixture *fixture = *state;
    struct memory_session *it = open_with(state, F "type = connect_delay\nfor = 1s\n");
    adopt(state, F "type = connect_delay\nfor = 1s\n" G "type = reset\nwhen = bytes:10\n");
    memory_session_advance(it, 1 * US_PER_S);
    feed(it, SIDE_SERVER, 100);
    expect_log(it, "fault g reset downstream 10\n", true);
    assert_int_equal(fixture->proxy.plan->rule_count, 2);
    close_it(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_due_at_the_open_is_due_now),
        TEST(an_offset_ahead_is_exact_and_one_behind_is_past),
        TEST(an_offset_in_bytes_that_wait_is_exact),
        TEST(a_time_that_is_past_does_not_come_again),
        TEST(silence_counts_from_now),
        TEST(a_fin_that_has_come_is_no_trigger_and_one_to_come_is),
        TEST(a_pattern_is_looked_for_from_now_on),
        TEST(accept_is_past),
        TEST(a_chance_is_drawn_as_for_a_new_connection),
        TEST(latency_holds_what_waits_from_now_and_what_comes_from_its_arrival),
        TEST(what_was_held_back_goes_on),
        TEST(a_fin_that_was_held_goes_on),
        TEST(bytes_that_are_inserted_go_to_their_end),
        TEST(a_new_value_counts_at_once_and_no_second_injection),
        TEST(a_duration_counts_from_when_it_began),
        TEST(another_type_or_trigger_begins_anew),
        TEST(a_rate_changes_without_a_burst),
        TEST(what_is_not_changed_is_not_touched),
        TEST(what_stands_in_a_pipe_is_shaped_too),
        TEST(an_edge_in_a_pipe_is_exact),
        TEST(a_fault_for_one_connection_survives_every_change),
        TEST(adoption_at_every_event_and_at_the_end),
        TEST(a_connection_that_is_not_open_yet_gets_them_when_it_is),
    };
    fill_pattern();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
