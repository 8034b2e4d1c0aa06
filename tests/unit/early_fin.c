/* SPDX-License-Identifier: MIT */
/* The bytes that stand before an early FIN still pass the places where other faults wait. */
#include "tests/unit/memory_fixture.h"

#define MS US_PER_MS
/* The FIN is decided after 100 ms, when the bytes are on their way for 300 ms. */
#define EARLY                                                                                      \
    "[fault l]\ntype = latency\ndelay = 300ms\n" G                                                 \
    "type = half_close\nside = client\nwhen = time:100ms\n"

static struct memory_session *open_and_say(void **state, const char *text, const char *words)
{
    struct memory_session *it = open_with(state, text);
    say(it, words);
    memory_session_advance(it, 200 * MS);
    expect_logged(it, "fault g half_close", 1);
    expect(it, "");
    memory_session_advance(it, 110 * MS);
    return it;
}

static void a_match_before_an_early_fin_is_withheld(void **state)
{
    struct memory_session *it = open_and_say(state,
        EARLY F "type = reset\nwhen = match:\"SECRET\"\nedge = before\n", "hello SECRET world");
    expect(it, "hello ");
    expect_logged(it, "fault f reset downstream 6", 1);
    assert_int_equal(it->ended, 1);
    assert_int_equal(it->end[SIDE_CLIENT].how, ENDPOINT_CLOSE_RESET);
    close_it(state);
}

/* The FIN stood behind the bytes that the ending drops. */
static void an_ending_that_drops_bytes_before_an_early_fin_drops_the_fin(void **state)
{
    static const char *const endings[] = {
        "type = reset\nwhen = match:\"SECRET\"\nedge = before\n",
        "type = reset\nmode = abrupt\nwhen = match:\"SECRET\"\nedge = before\n",
        "type = reset\nside = server\nother = hold\nwhen = match:\"SECRET\"\nedge = before\n",
        "type = vanish\nside = client\nwhen = match:\"SECRET\"\nedge = before\n",
    };
    for (size_t i = 0; i < COUNT(endings); i++) {
        char text[512];
        snprintf(text, sizeof text, EARLY F "%s", endings[i]);
        struct memory_session *it = open_and_say(state, text, "hello SECRET world");
        expect(it, "hello ");
        if (it->end[SIDE_CLIENT].fin_out)
            fail_msg("%s\na FIN was sent\n%s", text, it->log);
        close_it(state);
    }
}

/* Nothing is read behind the place of a trigger: the FIN comes there. */
static void the_bytes_of_a_trigger_before_an_early_fin_count(void **state)
{
    static const char *const whens[] = {"bytes:3", "bytes:6", "match:\"c\"", "match:\"ef\""};
    static const unsigned offsets[] = {3, 6, 3, 6};
    for (size_t i = 0; i < COUNT(whens); i++) {
        char text[512], line[64];
        snprintf(text, sizeof text, EARLY F "type = mark\nwhen = %s\n", whens[i]);
        snprintf(line, sizeof line, "fault f mark downstream %u", offsets[i]);
        struct memory_session *it = open_and_say(state, text, "abcdef");
        memory_session_expect(it, SIDE_CLIENT, "abcdef", offsets[i]);
        expect_logged(it, line, 1);
        assert_true(it->end[SIDE_CLIENT].fin_out);
        close_it(state);
    }
}

static void bytes_behind_its_place_do_not_count(void **state)
{
    struct memory_session *it =
        open_and_say(state, EARLY F "type = mark\nwhen = bytes:7\n", "abcdef");
    expect(it, "abcdef");
    expect_logged(it, "fault f", 0);
    close_it(state);
}

static void a_stall_before_an_early_fin_holds_both(void **state)
{
    struct memory_session *it = open_and_say(
        state, EARLY F "type = stall\nwhen = match:\"def\"\nedge = before\nfor = 1s\n", "abcdef");
    expect(it, "abc");
    assert_false(it->end[SIDE_CLIENT].fin_out);
    memory_session_advance(it, 1 * US_PER_S);
    expect(it, "abcdef");
    assert_true(it->end[SIDE_CLIENT].fin_out);
    close_it(state);
}

static void a_trigger_delay_before_an_early_fin_withholds_the_match(void **state)
{
    struct memory_session *it = open_and_say(state,
        EARLY F "type = reset\nwhen = match:\"cd\"\nedge = before\ntrigger_delay = 50ms\n",
        "abcdef");
    expect(it, "ab");
    memory_session_advance(it, 50 * MS);
    expect(it, "ab");
    expect_logged(it, "fault f reset downstream 2", 1);
    assert_int_equal(it->ended, 1);
    close_it(state);
}

static void a_blackhole_before_an_early_fin_drops_its_bytes(void **state)
{
    struct memory_session *it = open_and_say(
        state, EARLY F "type = blackhole\nwhen = match:\"def\"\nedge = before\n", "abcdef");
    expect(it, "abc");
    assert_true(it->end[SIDE_CLIENT].fin_out);
    close_it(state);
}

static void corrupt_before_an_early_fin_ends_behind_its_byte(void **state)
{
    struct memory_session *it = open_and_say(state, EARLY F "type = corrupt\nat = 2\n", "abcdef");
    assert_int_equal(it->end[SIDE_CLIENT].out_len, 3);
    assert_int_not_equal(it->end[SIDE_CLIENT].out[2], 'c');
    expect_logged(it, "fault_over f corrupt downstream 3", 1);
    assert_true(it->end[SIDE_CLIENT].fin_out);
    close_it(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_match_before_an_early_fin_is_withheld),
        TEST(an_ending_that_drops_bytes_before_an_early_fin_drops_the_fin),
        TEST(the_bytes_of_a_trigger_before_an_early_fin_count),
        TEST(bytes_behind_its_place_do_not_count),
        TEST(a_stall_before_an_early_fin_holds_both),
        TEST(a_trigger_delay_before_an_early_fin_withholds_the_match),
        TEST(a_blackhole_before_an_early_fin_drops_its_bytes),
        TEST(corrupt_before_an_early_fin_ends_behind_its_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
