/* SPDX-License-Identifier: MIT */
/*
 * `match_hold`: with edge = before, the beginning of a possible match waits a bounded time for a
 * further byte, and not at all for a fault that cannot fire.
 */
#include "tests/unit/memory_fixture.h"

#define MS US_PER_MS

static void a_beginning_waits_20ms_then_goes_on(void **state)
{
    struct memory_session *it =
        open_with(state, F "type = noop\nwhen = match:\"\\r\\n.\\r\\n\"\nedge = before\n");
    say(it, "EHLO\r\n");
    memory_session_advance(it, 19 * MS);
    expect(it, "EHLO");
    memory_session_advance(it, 1 * MS);
    expect(it, "EHLO\r\n");
    expect_logged(it, "match_let_go f downstream 6\n", 1);
    close_it(state);
}

static void each_further_byte_begins_the_wait_anew(void **state)
{
    struct memory_session *it =
        open_with(state, F "type = noop\nwhen = match:\"abcd\"\nedge = before\nmatch_hold = 5ms\n");
    static const char *const bytes[] = {"xa", "b", "c"};
    for (size_t i = 0; i < COUNT(bytes); i++) {
        say(it, bytes[i]);
        memory_session_advance(it, 4 * MS);
    }
    expect(it, "x");
    memory_session_advance(it, 1 * MS);
    expect(it, "xabc");
    close_it(state);
}

static void it_is_said_once_for_each_fault_and_connection(void **state)
{
    struct memory_session *it =
        open_with(state, F "type = noop\nwhen = match:\"ab\"\nedge = before\n");
    for (int i = 0; i < 3; i++) {
        say(it, "xa");
        memory_session_advance(it, 30 * MS);
    }
    expect(it, "xaxaxa");
    expect_logged(it, "match_let_go", 1);
    close_it(state);
}

static void a_match_whose_beginning_went_fires_behind_its_last_byte(void **state)
{
    struct memory_session *it =
        open_with(state, F "type = inject\ndata = \"!\"\nwhen = match:\"abab\"\nedge = before\n");
    say(it, "xab");
    memory_session_advance(it, 30 * MS);
    expect(it, "xab");
    say(it, "abab");
    expect(it, "xabab!ab");
    assert_int_equal(memory_session_injected(it, EVENT_FAULT, 0)->offset, 5);
    close_it(state);
}

/* The pattern starts anew behind the bytes that were forwarded: those can still be withheld. */
static void a_later_beginning_is_held_again(void **state)
{
    struct memory_session *it =
        open_with(state, F "type = reset\nside = client\nwhen = match:\"aab\"\nedge = before\n");
    say(it, "a");
    memory_session_advance(it, 30 * MS);
    expect(it, "a");
    say(it, "a");
    memory_session_advance(it, 30 * MS);
    say(it, "xa");
    expect(it, "aax");
    say(it, "ab");
    expect(it, "aax");
    assert_int_equal(memory_session_injected(it, EVENT_FAULT, 0)->offset, 3);
    close_it(state);
}

static void forever_waits_for_ever(void **state)
{
    struct memory_session *it = open_with(
        state, F "type = reset\nwhen = match:\"ab\"\nedge = before\nmatch_hold = forever\n");
    say(it, "xa");
    memory_session_advance(it, 3600 * US_PER_S);
    expect(it, "x");
    close_it(state);
}

static void the_end_of_a_lasting_fault_waits_as_long(void **state)
{
    struct memory_session *it = open_with(state,
        F "type = latency\ndelay = 1us\nuntil = match:\"ab\"\nedge = before\nmatch_hold = 7ms\n");
    say(it, "xa");
    memory_session_advance(it, 6 * MS);
    expect(it, "x");
    memory_session_advance(it, 2 * MS);
    expect(it, "xa");
    close_it(state);
}

static void outside_of_its_window_a_fault_holds_nothing(void **state)
{
    struct memory_session *it =
        open_with(state, F "type = reset\nwhen = match:\"ab\"\nedge = before\nactive = 10s-\n");
    say(it, "xa");
    expect(it, "xa");
    expect_logged(it, "match_let_go", 0);
    close_it(state);
}

static void a_window_that_closes_lets_the_beginning_go(void **state)
{
    struct memory_session *it = open_with(state,
        F "type = reset\nwhen = match:\"ab\"\nedge = before\nmatch_hold = 1h\nactive = 0s-50ms\n");
    say(it, "xa");
    memory_session_advance(it, 49 * MS);
    expect(it, "x");
    memory_session_advance(it, 1 * MS);
    expect(it, "xa");
    expect_logged(it, "match_let_go", 0);
    close_it(state);
}

static void a_fault_that_was_injected_as_often_as_allowed_holds_nothing(void **state)
{
    static const char text[] = F "type = reset\nside = client\nwhen = match:\"ab\"\nedge = "
                                 "before\ntimes = 1\nmatch_hold = 1h\n";
    struct memory_session *it = open_with(state, text);
    struct rule *rule = it->session.plan->rules[0];
    rule->fault_counter->fired = 1; /* by another connection */
    say(it, "xa");
    expect(it, "xa");
    close_it(state);
}

static void a_fault_that_fired_holds_nothing(void **state)
{
    struct memory_session *it = open_with(state,
        F "type = inject\ndata = \"!\"\nwhen = match:\"ab\"\nedge = before\nmatch_hold = 1h\n");
    say(it, "abxa");
    expect(it, "!abxa");
    close_it(state);
}

/* --- a beginning of a message behind bytes that wait --- */

#define LENGTH(keys)                                                                               \
    "[proxy a]\nlisten = 127.0.0.1:0\nupstream = 127.0.0.1:1\nprotocol = length:size=4\n" keys
#define BEFORE_2 F "type = reset\nwhen = message:2\nedge = before\nmatch_hold = forever\n"
#define LONGEST 300000

/* The server sends a message of `size` bytes, and the first byte of the next one. */
static void say_long(struct memory_session *it, size_t size)
{
    static unsigned char bytes[LONGEST + 1];
    for (size_t i = 0; i < 4; i++)
        bytes[i] = (unsigned char)((size - 4) >> (24 - 8 * i));
    bytes[size] = 0;
    memory_session_feed(it, SIDE_SERVER, bytes, size + 1);
    bytes[size] = 'x'; /* of a longer message */
}

/* The rest of the header comes when the bytes before it have gone: the fault fires before it. */
static void expect_reset_before_2(struct memory_session *it, size_t size)
{
    char line[64];
    snprintf(line, sizeof line, "fault f reset downstream %zu", size);
    assert_int_equal(it->end[SIDE_CLIENT].out_len, size);
    memory_session_feed(it, SIDE_SERVER, "\0\0\1a", 4);
    assert_int_equal(it->end[SIDE_CLIENT].out_len, size);
    expect_logged(it, line, 1);
    expect_logged(it, "match_let_go", 0);
}

/* They fill the buffer, and make room when the client reads. */
static void a_beginning_waits_behind_bytes_that_fill_the_buffer(void **state)
{
    struct memory_session *it = open_with(state, LENGTH("buffer = 4k\n") BEFORE_2);
    memory_session_open_window(it, SIDE_CLIENT, 0);
    say_long(it, 4095);
    memory_session_advance(it, 1 * US_PER_S);
    memory_session_open_window(it, SIDE_CLIENT, SIZE_MAX);
    expect_reset_before_2(it, 4095);
    close_it(state);
}

static void a_beginning_waits_behind_delayed_bytes(void **state)
{
    struct memory_session *it =
        open_with(state, LENGTH(BEFORE_2) G "type = latency\ndelay = 500ms\n");
    say_long(it, LONGEST);
    memory_session_advance(it, 1 * US_PER_S);
    expect_reset_before_2(it, LONGEST);
    close_it(state);
}

/* --- what `check` warns of --- */

static void expect_note(const char *text, unsigned index, bool applies)
{
    struct memory_proxy proxy;
    memory_proxy_init(&proxy, text);
    const char *note = fault_check_note(&proxy.config.faults[0], index);
    if ((note != NULL) != applies)
        fail_msg("%s\nnote %u: %s", text, index, note == NULL ? "none" : note);
    memory_proxy_deinit(&proxy);
}

static void a_pattern_that_begins_with_an_end_of_messages_is_warned_of(void **state)
{
    (void)state;
    expect_note(F "type = reset\nwhen = match:\"\\r\\n.\\r\\n\"\nedge = before\n", 0, true);
    expect_note(F "type = reset\nwhen = match:\"}x\"\nedge = before\n", 0, true);
    expect_note(F "type = reset\nwhen = match:\"\\r\\n.\\r\\n\"\n", 0, false);
    expect_note(F "type = reset\nwhen = match:\"COMMIT\"\nedge = before\n", 0, false);
    expect_note(F "type = stall\nuntil = time:5s\n", 0, false);
    expect_note("[proxy a]\nlisten = 127.0.0.1:1\nupstream = 127.0.0.1:2\nprotocol = http\n" F
                "type = reset\nwhen = message:2\nedge = before\n",
        0, false);
}

static void what_the_seed_does_not_repeat_is_said(void **state)
{
    (void)state;
    expect_note(F "type = lossy\n", 2, true);
    expect_note(F "type = packet_loss\nside = client\n", 2, true);
    expect_note(F "type = reset\n", 2, false);
}

static void a_plain_close_before_a_match_is_warned_of(void **state)
{
    (void)state;
    expect_note(F "type = close\nmode = plain\nwhen = match:\"x\"\nedge = before\n", 1, true);
    expect_note(F "type = close\nwhen = match:\"x\"\nedge = before\n", 1, false);
    expect_note(F "type = close\nmode = plain\nwhen = match:\"x\"\n", 1, false);
}

/* The way to a FIN there: bytes behind the edge are read and dropped before the close. */
static void a_graceful_close_before_a_match_ends_with_a_fin(void **state)
{
    struct memory_session *it =
        open_with(state, F "type = close\nwhen = match:\"ab\"\nedge = before\n");
    say(it, "xabyz");
    memory_session_feed_fin(it, SIDE_SERVER);
    memory_session_feed_fin(it, SIDE_CLIENT);
    expect(it, "x");
    for (int side = 0; side < 2; side++) {
        assert_int_equal(it->closed[side].unread, 0);
        for (unsigned i = 0; i < it->closed[side].mark_count; i++)
            assert_int_not_equal(it->closed[side].marks[i], END_RST_SENT);
    }
    close_it(state);
}

/* The urgent byte of a match is held with it, and the bytes behind it decide. */
static void an_urgent_byte_does_not_end_the_search(void **state)
{
    struct memory_session *it = open_with(
        state, F "type = reset\nwhen = match:\"COMMIT\"\nedge = before\nmatch_hold = forever\n");
    say(it, "xxCO");
    memory_endpoint_feed_urgent(&it->end[SIDE_SERVER], 'M');
    say(it, "MITyy");
    expect(it, "xx");
    expect_logged(it, "fault f reset downstream 2", 1);
    close_it(state);
}

static void an_urgent_byte_that_was_held_stays_urgent(void **state)
{
    struct memory_session *it =
        open_with(state, F "type = reset\nwhen = match:\"COMMIT\"\nedge = before\n");
    say(it, "xxCO");
    memory_endpoint_feed_urgent(&it->end[SIDE_SERVER], 'M');
    say(it, "Mxyy");
    expect(it, "xxCOMMxyy");
    assert_int_equal(it->end[SIDE_CLIENT].urgent_out, 4);
    close_it(state);
}

/* Nothing is ever read in the stall, but the server's RST is seen. */
static void a_reset_ends_the_wait_although_reading_is_paused(void **state)
{
    struct memory_session *it = open_with(state,
        F "type = stall\nwhen = time:1s\n" G
          "type = reset\nwhen = match:\"xy\"\nedge = before\nmatch_hold = forever\n");
    say(it, "x");
    memory_session_advance(it, 2 * US_PER_S);
    expect(it, "");
    memory_session_feed_rst(it, SIDE_SERVER);
    expect(it, "x");
    assert_int_equal(it->ended, 1);
    close_it(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_beginning_waits_20ms_then_goes_on),
        TEST(each_further_byte_begins_the_wait_anew),
        TEST(it_is_said_once_for_each_fault_and_connection),
        TEST(a_match_whose_beginning_went_fires_behind_its_last_byte),
        TEST(a_later_beginning_is_held_again),
        TEST(forever_waits_for_ever),
        TEST(the_end_of_a_lasting_fault_waits_as_long),
        TEST(outside_of_its_window_a_fault_holds_nothing),
        TEST(a_window_that_closes_lets_the_beginning_go),
        TEST(a_fault_that_was_injected_as_often_as_allowed_holds_nothing),
        TEST(a_fault_that_fired_holds_nothing),
        TEST(an_urgent_byte_does_not_end_the_search),
        TEST(an_urgent_byte_that_was_held_stays_urgent),
        TEST(a_reset_ends_the_wait_although_reading_is_paused),
        TEST(a_beginning_waits_behind_bytes_that_fill_the_buffer),
        TEST(a_beginning_waits_behind_delayed_bytes),
        cmocka_unit_test(a_pattern_that_begins_with_an_end_of_messages_is_warned_of),
        cmocka_unit_test(a_plain_close_before_a_match_is_warned_of),
        cmocka_unit_test(what_the_seed_does_not_repeat_is_said),
        TEST(a_graceful_close_before_a_match_ends_with_a_fin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
