/* SPDX-License-Identifier: MIT */
/*
 * Faults begin and end at the very byte: a session between two sockets in memory, whose peers send
 * byte by byte, all at once, and cut at every position.
 */
#include "tests/unit/memory_fixture.h"

/* Checks the bytes that the client gets, however the server's words are cut, and after the FIN. */
static void expect_for_every_cut(
    void **state, const char *text, const char *words, const char *before_fin, const char *want)
{
    for (size_t cut = 0; cut <= strlen(words); cut++) {
        struct memory_session *it = open_with(state, text);
        say_cut(it, words, cut);
        expect(it, before_fin);
        memory_session_feed_fin(it, SIDE_SERVER);
        expect(it, want);
        close_it(state);
    }
}

static void a_match_ends_behind_its_last_byte(void **state)
{
    static const struct {
        const char *pattern, *words, *want;
    } rows[] = {
        {"aab", "aaabx", "aaab"},
        {"abab", "abaababx", "abaabab"},
        {"abab", "aababababx", "aabab"},
        {"a", "xaax", "xa"},
        {"abcabd", "abcabcabdx", "abcabcabd"},
        {"aaa", "aaaaa", "aaa"},
        {"never", "nevenevenever", "nevenevenever"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char text[128];
        snprintf(text, sizeof text, F "type = reset\nside = client\nwhen = match:\"%s\"\n",
            rows[i].pattern);
        expect_for_every_cut(state, text, rows[i].words, rows[i].want, rows[i].want);
    }
}

static void a_match_before_withholds_its_first_byte(void **state)
{
    static const struct {
        const char *pattern, *words, *want;
    } rows[] = {
        {"aab", "aaabx", "a"},
        {"abab", "abaababx", "aba"},
        {"abab", "aababababx", "a"},
        {"a", "xaax", "x"},
        {"abcabd", "abcabcabdx", "abc"},
        {"aaa", "aaaaa", ""},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char text[128];
        snprintf(text, sizeof text,
            F "type = reset\nside = client\nwhen = match:\"%s\"\nedge = before\n", rows[i].pattern);
        expect_for_every_cut(state, text, rows[i].words, rows[i].want, rows[i].want);
    }
}

/* In the other direction the sockets stand the other way round. */
static void a_match_before_withholds_it_upstream(void **state)
{
    static const char *const faults[] = {"type = reset\n", "type = close\nside = server\n",
        "type = close\nside = client\nother = reset\n", "type = half_close\nside = server\n",
        "type = blackhole\n", "type = stall\n"};
    for (size_t i = 0; i < COUNT(faults); i++) {
        char text[256];
        snprintf(text, sizeof text,
            F "%swhen = match:\"aab\"\nedge = before\ndirection = upstream\n", faults[i]);
        for (size_t cut = 0; cut <= 6; cut++) {
            struct memory_session *it = open_with(state, text);
            memory_session_feed(it, SIDE_CLIENT, "xaaabx", cut);
            memory_session_feed(it, SIDE_CLIENT, &"xaaabx"[cut], 6 - cut);
            memory_session_expect(it, SIDE_SERVER, "xa", 2);
            close_it(state);
        }
    }
}

static void what_may_be_a_match_is_withheld_and_no_more(void **state)
{
    static const char text[] = F "type = reset\nwhen = match:\"abab\"\nedge = before\n";
    expect_for_every_cut(state, text, "xxaba", "xx", "xxaba");
    expect_for_every_cut(state, text, "xxabaxab", "xxabax", "xxabaxab");
    expect_for_every_cut(state, text, "xxabaabx", "xxabaabx", "xxabaabx");
}

static void a_withheld_byte_goes_when_a_reset_comes(void **state)
{
    struct memory_session *it = open_with(
        state, F "type = half_close\nside = client\nwhen = match:\"ab\"\nedge = before\n");
    memory_session_feed(it, SIDE_SERVER, "xa", 2);
    expect(it, "x");
    memory_session_feed_rst(it, SIDE_SERVER);
    expect(it, "xa");
    assert_int_equal(it->ended, 1);
    close_it(state);
}

/* The edge of one fault stands in what may be the match of another: the next byte tells. */
static void an_edge_inside_a_withheld_prefix_is_reached(void **state)
{
    struct memory_session *it =
        open_with(state, F "type = inject\ndata = \"4\"\nwhen = bytes:3\n" G
                           "type = inject\ndata = \"2\"\nwhen = match:\"bcd\"\nedge = before\n");
    memory_session_feed(it, SIDE_SERVER, "abc", 3);
    expect(it, "a");
    memory_session_feed(it, SIDE_SERVER, "xyz", 3);
    memory_session_feed_fin(it, SIDE_SERVER);
    expect(it, "abc4xyz");
    close_it(state);
}

/* No byte comes behind an ending that could complete the match, so the bytes before it go. */
static void an_ending_lets_a_withheld_prefix_go(void **state)
{
    struct memory_session *it =
        open_with(state, F "type = inject\ndata = \"!\"\nwhen = match:\"abcdef\"\nedge = before\n" G
                           "type = reset\nwhen = time:300ms\n");
    memory_session_feed(it, SIDE_SERVER, "xxabc", 5);
    expect(it, "xx");
    memory_session_advance(it, 400 * US_PER_MS);
    expect(it, "xxabc");
    assert_int_equal(it->ended, 1);
    close_it(state);
}

static void dropped_bytes_begin_no_match(void **state)
{
    struct memory_session *it =
        open_with(state, F "type = blackhole\nfor = 300ms\nwhen = match:\"XY\"\nedge = before\n" G
                           "type = inject\ndata = \"!\"\nwhen = match:\"YZ\"\nedge = before\n");
    memory_session_feed(it, SIDE_SERVER, "aXY", 3);
    memory_session_advance(it, 400 * US_PER_MS);
    memory_session_feed(it, SIDE_SERVER, "Zafter", 6);
    memory_session_feed(it, SIDE_SERVER, "more", 4);
    expect(it, "aZaftermore");
    close_it(state);
}

static void a_match_is_looked_for_in_its_direction_only(void **state)
{
    struct memory_session *it = open_with(state, F "type = reset\nwhen = match:\"ab\"\n");
    memory_session_feed(it, SIDE_CLIENT, "abab", 4);
    memory_session_feed(it, SIDE_SERVER, "a", 1);
    memory_session_feed(it, SIDE_CLIENT, "b", 1);
    assert_int_equal(it->injected_count, 0);
    memory_session_feed(it, SIDE_SERVER, "b", 1);
    assert_int_equal(it->ended, 1);
    close_it(state);
}

/* `bytes:N` to `until = bytes:M`: [N, M), whatever the pieces. Every bit is flipped there. */
static void a_range_of_bytes_is_met_exactly(void **state)
{
    static const struct {
        const char *when, *until;
        size_t from, to;
    } rows[] = {
        {"bytes:3", "bytes:7", 3, 7},
        {"open", "bytes:7", 0, 7},
        {"bytes:0", "bytes:1", 0, 1},
        {"bytes:9", "never", 9, 10},
        {"match:\"23\"", "bytes:7", 4, 7},
        {"match:\"23\"", "match:\"67\"", 4, 8},
        {"bytes:5", "match:\"1\"", 5, 10},
        {"open", "match:\"1\"", 0, 2},
        {"bytes:3", "match:\"23\"", 3, 10},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char text[256], want[] = "0123456789";
        snprintf(text, sizeof text,
            F "type = corrupt\nrate = 100%%\nbits = 8\nwhen = %s\n"
              "until = %s\n",
            rows[i].when, rows[i].until);
        for (size_t at = rows[i].from; at < rows[i].to; at++)
            want[at] = (char)~want[at];
        expect_for_every_cut(state, text, "0123456789", want, want);
    }
}

/* The pattern itself is behind the edge. */
static void a_range_may_begin_or_end_before_a_match(void **state)
{
    char want[] = "0123456789";
    for (size_t at = 3; at < 10; at++)
        want[at] = (char)~want[at];
    expect_for_every_cut(state,
        F "type = corrupt\nrate = 100%\nbits = 8\nwhen = match:\"345\"\nedge = before\n",
        "0123456789", want, want);
    for (size_t at = 0; at < 10; at++)
        want[at] = (char)~want[at];
    expect_for_every_cut(state,
        F "type = corrupt\nrate = 100%\nbits = 8\nuntil = match:\"345\"\nedge = before\n",
        "0123456789", want, want);
}

static void corrupt_at_flips_one_bit_of_one_byte(void **state)
{
    struct memory_session *it = open_with(state, F "type = corrupt\nat = 5\n");
    say_cut(it, "0123456789", 5);
    char want[] = "0123456789";
    unsigned flipped = (unsigned)(it->end[SIDE_CLIENT].out[5] ^ '5');
    assert_int_equal(__builtin_popcount(flipped), 1);
    want[5] = (char)(want[5] ^ (char)flipped);
    expect(it, want);
    close_it(state);
}

static void an_injection_lands_between_two_bytes_and_has_no_offset(void **state)
{
    expect_for_every_cut(state,
        F "type = inject\ndata = \"<>\"\nwhen = bytes:4\n" G "type = corrupt\nat = 5\nbits = 8\n",
        "0123456789",
        "0123<>4\xca"
        "6789",
        "0123<>4\xca"
        "6789");
    expect_for_every_cut(state, F "type = inject\ndata = \"<>\"\n", "01", "<>01", "<>01");
    expect_for_every_cut(
        state, F "type = inject\ndata = \"<>\"\nwhen = match:\"12\"\n", "0123", "012<>3", "012<>3");
    expect_for_every_cut(state,
        F "type = inject\ndata = \"<>\"\nwhen = match:\"12\"\nedge = before\n", "0123", "0<>123",
        "0<>123");
}

static void an_injection_at_the_end_goes_before_the_fin(void **state)
{
    struct memory_session *it = open_with(state, F "type = inject\ndata = \"<>\"\nwhen = eof\n");
    memory_session_feed(it, SIDE_SERVER, "0123", 4);
    memory_session_feed_fin(it, SIDE_SERVER);
    expect(it, "0123<>");
    assert_true(it->end[SIDE_CLIENT].fin_out);
    memory_session_feed(it, SIDE_CLIENT, "late", 4);
    memory_session_feed_fin(it, SIDE_CLIENT);
    memory_session_expect(it, SIDE_SERVER, "late", 4);
    assert_int_equal(it->ended, 1);
    assert_int_equal(it->cause, CAUSE_SERVER_FIN);
    close_it(state);
}

static void injections_at_one_byte_go_in_the_order_of_the_file(void **state)
{
    expect_for_every_cut(state,
        F "type = inject\ndata = \"<>\"\nwhen = bytes:2\n" G
          "type = inject\ndata = \"()\"\nwhen = bytes:2\n",
        "0123", "01<>()23", "01<>()23");
    expect_for_every_cut(state,
        F "type = inject\ndata = \"<>\"\n" G "type = inject\ndata = \"()\"\n", "01", "<>()01",
        "<>()01");
}

static void an_injection_before_an_ending_is_delivered(void **state)
{
    static const char *const endings[] = {"type = close\n", "type = reset\n",
        "type = half_close\nside = client\n", "type = reset\nmode = after_fin\n"};
    for (size_t i = 0; i < COUNT(endings); i++) {
        char text[256];
        snprintf(text, sizeof text,
            F "type = inject\ndata = \"<>\"\nwhen = bytes:2\n" G "%swhen = bytes:2\n", endings[i]);
        expect_for_every_cut(state, text, "0123", "01<>", "01<>");
    }
}

static void an_injection_waits_for_a_window(void **state)
{
    struct memory_session *it =
        open_with(state, F "type = inject\ndata = \"<-->\"\nwhen = bytes:2\n");
    memory_session_open_window(it, SIDE_CLIENT, 4);
    memory_session_feed(it, SIDE_SERVER, "0123", 4);
    expect(it, "01<-");
    memory_session_open_window(it, SIDE_CLIENT, 5);
    expect(it, "01<--");
    memory_session_open_window(it, SIDE_CLIENT, 100);
    expect(it, "01<-->23");
    close_it(state);
}

/* After its FIN a direction carries nothing. */
static void an_injection_behind_the_fin_is_none(void **state)
{
    struct memory_session *it =
        open_with(state, F "type = inject\ndata = \"<>\"\nwhen = time:1s\n");
    memory_session_feed(it, SIDE_SERVER, "01", 2);
    memory_session_feed_fin(it, SIDE_SERVER);
    memory_session_advance(it, 2 * US_PER_S);
    expect(it, "01");
    assert_int_equal(it->ended, 0);
    memory_session_feed(it, SIDE_CLIENT, "ab", 2);
    memory_session_feed_fin(it, SIDE_CLIENT);
    memory_session_expect(it, SIDE_SERVER, "ab", 2);
    assert_int_equal(it->ended, 1);
    assert_int_equal(it->injected_count, 0);
    assert_null(strstr(it->log, "reset_seen"));
    close_it(state);
}

static void a_stall_leaves_the_rest_with_the_sender(void **state)
{
    struct memory_session *it = open_with(state, F "type = stall\nwhen = bytes:4\nfor = 1s\n");
    memory_session_feed(it, SIDE_SERVER, "0123456789", 10);
    expect(it, "0123");
    assert_int_equal(it->end[SIDE_SERVER].in_read, 4);
    memory_session_advance(it, US_PER_S - 1);
    expect(it, "0123");
    memory_session_advance(it, 1);
    expect(it, "0123456789");
    close_it(state);
}

static void a_stall_before_a_match_withholds_it(void **state)
{
    static const char text[] =
        F "type = stall\nwhen = match:\"345\"\nedge = before\nuntil = time:1s\n";
    for (size_t cut = 0; cut <= 10; cut++) {
        struct memory_session *it = open_with(state, text);
        say_cut(it, "0123456789", cut);
        expect(it, "012");
        memory_session_advance(it, US_PER_S);
        expect(it, "0123456789");
        close_it(state);
    }
}

static void a_black_hole_takes_all_and_gives_nothing(void **state)
{
    static const char *const whens[] = {"bytes:3", "match:\"12\"", "match:\"345\"\nedge = before"};
    for (size_t i = 0; i < COUNT(whens); i++) {
        char text[128];
        snprintf(text, sizeof text, F "type = blackhole\nwhen = %s\n", whens[i]);
        for (size_t cut = 0; cut <= 10; cut++) {
            struct memory_session *it = open_with(state, text);
            say_cut(it, "0123456789", cut);
            memory_session_feed(it, SIDE_SERVER, "more", 4);
            expect(it, "012");
            assert_int_equal(it->end[SIDE_SERVER].in_read, 14);
            close_it(state);
        }
    }
}

static void a_black_hole_ends_and_bytes_come_through_again(void **state)
{
    struct memory_session *it = open_with(state,
        F "type = blackhole\nwhen = bytes:2\nfor = 5ms\n" G "type = corrupt\nat = 3\nbits = 8\n");
    memory_session_feed(it, SIDE_SERVER, "01lost", 6);
    memory_session_advance(it, 5 * US_PER_MS);
    memory_session_feed(it, SIDE_SERVER, "2345", 4);
    expect(it, "012\xcc"
               "45"); /* only bytes that are handed on have an offset */
    close_it(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_match_ends_behind_its_last_byte),
        TEST(a_match_before_withholds_its_first_byte),
        TEST(a_match_before_withholds_it_upstream),
        TEST(what_may_be_a_match_is_withheld_and_no_more),
        TEST(a_withheld_byte_goes_when_a_reset_comes),
        TEST(an_edge_inside_a_withheld_prefix_is_reached),
        TEST(an_ending_lets_a_withheld_prefix_go),
        TEST(dropped_bytes_begin_no_match),
        TEST(a_match_is_looked_for_in_its_direction_only),
        TEST(a_range_of_bytes_is_met_exactly),
        TEST(a_range_may_begin_or_end_before_a_match),
        TEST(corrupt_at_flips_one_bit_of_one_byte),
        TEST(an_injection_lands_between_two_bytes_and_has_no_offset),
        TEST(an_injection_at_the_end_goes_before_the_fin),
        TEST(injections_at_one_byte_go_in_the_order_of_the_file),
        TEST(an_injection_before_an_ending_is_delivered),
        TEST(an_injection_waits_for_a_window),
        TEST(an_injection_behind_the_fin_is_none),
        TEST(a_stall_leaves_the_rest_with_the_sender),
        TEST(a_stall_before_a_match_withholds_it),
        TEST(a_black_hole_takes_all_and_gives_nothing),
        TEST(a_black_hole_ends_and_bytes_come_through_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
