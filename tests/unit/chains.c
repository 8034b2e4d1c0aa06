/* SPDX-License-Identifier: MIT */
/*
 * Faults that wait for other faults, for the N-th match, for K bytes behind it, for what the other
 * direction says, and for some time behind their trigger. Each at the very byte, however the stream
 * is cut.
 */
#include "tests/unit/memory_fixture.h"

#define M "[fault m]\ntype = mark\n"
#define N "[fault n]\ntype = mark\n"
#define STAR F "type = inject\ndata = \"*\"\n"

/* The faults, what the server says, and what the client gets of it. */
struct row {
    const char *faults, *words, *want;
};

static void expect_rows(void **state, const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t cut = 0; cut <= strlen(rows[i].words); cut++) {
            struct memory_session *it = open_with(state, rows[i].faults);
            say_cut(it, rows[i].words, cut);
            memory_session_feed_fin(it, SIDE_SERVER);
            expect(it, rows[i].want);
            close_it(state);
        }
        /* Byte by byte. */
        struct memory_session *it = open_with(state, rows[i].faults);
        for (size_t at = 0; rows[i].words[at] != '\0'; at++)
            memory_session_feed(it, SIDE_SERVER, rows[i].words + at, 1);
        memory_session_feed_fin(it, SIDE_SERVER);
        expect(it, rows[i].want);
        close_it(state);
    }
}

static void the_nth_match_and_the_bytes_behind_it(void **state)
{
    static const struct row rows[] = {
        {STAR "when = match:\"ab\"#2\n", "xabyabzab", "xabyab*zab"},
        {STAR "when = match:\"ab\"#3\n", "xabyabzab", "xabyabzab*"},
        {STAR "when = match:\"ab\"#4\n", "xabyabzab", "xabyabzab"},
        {STAR "when = match:\"aa\"#2\n", "aaaaa", "aaaa*a"},
        {STAR "when = match:\"aba\"#2\n", "abababa", "abababa*"},
        {STAR "when = match:\"ab\"#2\nedge = before\n", "xabyabzab", "xaby*abzab"},
        {STAR "when = match:\"aa\"#2\nedge = before\n", "aaaaa", "aa*aaa"},
        {STAR "when = match:\"ab\"+1\n", "xabyabzab", "xaby*abzab"},
        {STAR "when = match:\"ab\"#2+2\n", "xabyabzab", "xabyabza*b"},
        {STAR "when = match:\"ab\"+6\n", "xabyabzab", "xabyabzab*"},
        {STAR "when = match:\"ab\"+7\n", "xabyabzab", "xabyabzab"},
        {STAR "when = match:\"ab\"+3\n" G "type = inject\ndata = \"-\"\nwhen = match:\"by\"\n",
            "xabyabzab", "xaby-ab*zab"},
    };
    expect_rows(state, rows, COUNT(rows));
}

/* Only bytes that may be the N-th match are withheld. */
static void the_first_match_is_not_withheld_for_the_second(void **state)
{
    struct memory_session *it = open_with(state, STAR "when = match:\"ab\"#2\nedge = before\n");
    memory_session_feed(it, SIDE_SERVER, "xa", 2);
    expect(it, "xa");
    memory_session_feed(it, SIDE_SERVER, "bya", 3);
    expect(it, "xaby");
    memory_session_feed(it, SIDE_SERVER, "c", 1);
    expect(it, "xabyac");
    close_it(state);
}

static void a_chain_begins_at_the_next_byte(void **state)
{
    static const struct row rows[] = {
        /* match behind match: bytes of the first do not count for the second */
        {STAR "when = match:\"ab\"\nafter = m\n" M "when = match:\"ab\"\n", "xabyab", "xabyab*"},
        {STAR "when = match:\"ba\"\nafter = m\n" M "when = match:\"ab\"\n", "xababa", "xababa*"},
        {STAR "when = match:\"ab\"\nafter = m\n" M "when = match:\"ab\"#2\n", "abab", "abab"},
        /* before: the next byte is the one withheld */
        {STAR "when = match:\"ab\"\nafter = m\n" M "when = match:\"ab\"\nedge = before\n", "xabyab",
            "xab*yab"},
        {STAR "when = match:\"b\"\nedge = before\nafter = m\n" M
              "when = match:\"ab\"\nedge = before\n",
            "xabyab", "xa*byab"},
        {STAR "when = match:\"bya\"\nafter = m\n" M "when = match:\"ab\"\nedge = before\n",
            "xabyab", "xabya*b"},
        /* bytes */
        {STAR "when = bytes:2\nafter = m\n" M "when = match:\"ab\"\n", "xabyab", "xabya*b"},
        {STAR "when = bytes:0\nafter = m\n" M "when = match:\"ab\"\n", "xabyab", "xab*yab"},
        {STAR "when = bytes:1\nafter = m\n" M "when = bytes:3\n", "xabyab", "xaby*ab"},
        {STAR "when = bytes:4\nafter = m\n" M "when = bytes:3\n", "xabyab", "xabyab"},
        /* at once */
        {STAR "after = m\n" M "when = match:\"ab\"#2\n", "xabyab", "xabyab*"},
        {STAR "after = m\n" M "when = match:\"ab\"\nedge = before\n", "xabyab", "x*abyab"},
        {STAR "after = m\n" M, "xabyab", "*xabyab"},
        /* the FIN */
        {STAR "when = eof\nafter = m\n" M "when = match:\"yab\"\n", "xabyab", "xabyab*"},
        {STAR "after = m\n" M "when = eof\n", "xabyab", "xabyab*"},
        /* in the order of the file too, and over several */
        {M "when = match:\"x\"\n" N "when = match:\"b\"\nafter = m\n" STAR
           "when = match:\"a\"\nafter = n\n",
            "xabyab", "xabya*b"},
        {STAR "when = match:\"a\"\nafter = n\n" N "when = match:\"b\"\nafter = m\n" M
              "when = match:\"x\"\n",
            "xabyab", "xabya*b"},
        {STAR "after = n\n" N "after = m\n" M "when = bytes:3\n", "xabyab", "xab*yab"},
        /* until counts from there as well */
        {F "type = corrupt\nrate = 100%\nbits = 8\nafter = m\nuntil = bytes:2\n" M
           "when = bytes:1\n",
            "0123",
            "0\xce\xcd"
            "3"},
        /* an ending at once, at an edge before a match */
        {F "type = reset\nside = client\nafter = m\n" M "when = match:\"ab\"\nedge = before\n",
            "xabyab", "x"},
        /* never: the first one does not fire */
        {STAR "after = m\n" M "when = match:\"q\"\n", "xabyab", "xabyab"},
        {STAR "after = m\n" M "enabled = no\n", "xabyab", "xabyab"},
    };
    expect_rows(state, rows, COUNT(rows));
}

/* A hundred faults, each behind the one that stands below it in the file: one for each byte. */
static void a_long_chain_fires_link_by_link(void **state)
{
    char text[8192] = "", words[101];
    size_t used = 0;
    for (int i = 0; i < 100; i++)
        used += (size_t)snprintf(text + used, sizeof text - used,
            "[fault f%d]\ntype = %s\nwhen = match:\"a\"\nafter = f%d\n", i,
            i == 0 ? "inject\ndata = \"*\"" : "mark", i + 1);
    snprintf(text + used, sizeof text - used, "[fault f100]\ntype = mark\n");
    memset(words, 'a', sizeof words);
    words[100] = '\0';
    for (size_t cut = 0; cut <= 100; cut += 25) {
        struct memory_session *it = open_with(state, text);
        say_cut(it, words, cut);
        assert_int_equal(it->injected_count, 101);
        assert_int_equal(it->injected[100].offset, 100);
        assert_int_equal(it->end[SIDE_CLIENT].out[100], '*');
        close_it(state);
    }
}

static void bytes_that_wait_are_the_next_ones(void **state)
{
    struct memory_session *it = open_with(state,
        STAR "when = match:\"cd\"\nafter = m\n" M "direction = upstream\nwhen = match:\"go\"\n");
    memory_session_open_window(it, SIDE_CLIENT, 2);
    memory_session_feed(it, SIDE_SERVER, "abcdcd", 6);
    memory_session_feed(it, SIDE_CLIENT, "go", 2);
    memory_session_open_window(it, SIDE_CLIENT, 100);
    expect(it, "abcd*cd");
    close_it(state);
}

/* "When the client has sent COMMIT, drop what the server says." */
static void a_trigger_may_look_at_the_other_direction(void **state)
{
    static const char *const faults[] = {
        F "type = blackhole\nwhen_direction = upstream\nwhen = match:\"COMMIT\"\n",
        F "type = blackhole\nafter = m\n" M "direction = upstream\nwhen = match:\"COMMIT\"\n",
        F "type = blackhole\nafter = m\n" M "when_direction = upstream\nwhen = match:\"COMMIT\"\n",
    };
    for (size_t i = 0; i < COUNT(faults); i++) {
        for (size_t cut = 0; cut <= 13; cut++) {
            struct memory_session *it = open_with(state, faults[i]);
            memory_session_feed(it, SIDE_SERVER, "ready", 5);
            memory_session_feed(it, SIDE_CLIENT, "COMMENT COMMIT", cut);
            memory_session_feed(it, SIDE_SERVER, "!", 1);
            memory_session_feed(it, SIDE_CLIENT, &"COMMENT COMMIT"[cut], 14 - cut);
            memory_session_feed(it, SIDE_SERVER, "done", 4);
            expect(it, "ready!");
            memory_session_expect(it, SIDE_SERVER, "COMMENT COMMIT", 14);
            close_it(state);
        }
    }
}

/* The event names the direction that the fault works on; of a mark, the one that it watches. */
static void an_event_says_which_direction(void **state)
{
    static const struct {
        const char *fault, *line;
    } rows[] = {
        {F "type = blackhole\nwhen_direction = upstream\nwhen = bytes:2\n",
            "fault f blackhole downstream 3\n"},
        {F "type = mark\nwhen_direction = upstream\nwhen = bytes:2\n", "fault f mark upstream 2\n"},
        {F "type = mark\ndirection = upstream\nwhen = bytes:2\n", "fault f mark upstream 2\n"},
        {F "type = close\nwhen_direction = upstream\nwhen = bytes:2\n",
            "fault f close upstream 2\n"},
        {F "type = mark\nwhen_direction = both\nwhen = bytes:3\n", "fault f mark downstream 3\n"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct memory_session *it = open_with(state, rows[i].fault);
        memory_session_feed(it, SIDE_SERVER, "abc", 3);
        memory_session_feed(it, SIDE_CLIENT, "xyz", 3);
        if (strstr(it->log, rows[i].line) == NULL)
            fail_msg("%s\n%s\nwant %s", rows[i].fault, it->log, rows[i].line);
        close_it(state);
    }
}

static void time_and_silence_count_from_the_fault_before(void **state)
{
    static const char *const whens[] = {"time:100ms", "idle:100ms"};
    for (size_t i = 0; i < COUNT(whens); i++) {
        char text[256];
        snprintf(
            text, sizeof text, STAR "when = %s\nafter = m\n" M "when = match:\"go\"\n", whens[i]);
        struct memory_session *it = open_with(state, text);
        memory_session_advance(it, 500 * US_PER_MS);
        memory_session_feed(it, SIDE_SERVER, "go", 2);
        memory_session_advance(it, 99 * US_PER_MS);
        expect(it, "go");
        memory_session_advance(it, US_PER_MS);
        expect(it, "go*");
        close_it(state);
    }
}

static void a_delay_lets_what_is_behind_the_trigger_pass(void **state)
{
    struct memory_session *it = open_with(
        state, F "type = half_close\nside = client\nwhen = bytes:2\ntrigger_delay = 5ms\n");
    memory_session_feed(it, SIDE_SERVER, "abcd", 4);
    memory_session_advance(it, 5 * US_PER_MS - 1);
    memory_session_feed(it, SIDE_SERVER, "ef", 2);
    assert_false(it->end[SIDE_CLIENT].fin_out);
    memory_session_advance(it, 1);
    assert_true(it->end[SIDE_CLIENT].fin_out);
    expect(it, "abcdef");
    assert_int_equal(it->injected[0].offset, 6);
    close_it(state);
}

static void a_delay_withholds_what_an_edge_before_withholds(void **state)
{
    static const char *const faults[] = {"type = reset\n", "type = blackhole\n",
        "type = half_close\nside = client\n", "type = close\nother = reset\nside = client\n"};
    for (size_t i = 0; i < COUNT(faults); i++) {
        char text[256];
        snprintf(text, sizeof text, F "%swhen = match:\"cd\"\nedge = before\ntrigger_delay = 5ms\n",
            faults[i]);
        for (size_t cut = 0; cut <= 6; cut++) {
            struct memory_session *it = open_with(state, text);
            say_cut(it, "abcdef", cut);
            memory_session_feed_fin(it, SIDE_SERVER);
            expect(it, "ab");
            memory_session_advance(it, 5 * US_PER_MS - 1);
            expect(it, "ab");
            assert_int_equal(it->injected_count, 0);
            memory_session_advance(it, 1);
            expect(it, "ab");
            assert_int_equal(it->injected_count, 1);
            assert_int_equal(it->injected[0].offset, 2);
            close_it(state);
        }
    }
}

static void an_insertion_goes_before_what_a_delay_withheld(void **state)
{
    struct memory_session *it =
        open_with(state, STAR "when = match:\"cd\"\nedge = before\ntrigger_delay = 5ms\n");
    memory_session_feed(it, SIDE_SERVER, "abcdef", 6);
    memory_session_feed_fin(it, SIDE_SERVER);
    expect(it, "ab");
    memory_session_advance(it, 5 * US_PER_MS);
    expect(it, "ab*cdef");
    assert_true(it->end[SIDE_CLIENT].fin_out);
    close_it(state);
}

/* The session opens at MEMORY_START, which is also the start of the run. */
static void a_moment_of_the_run_is_one_of_open_connections(void **state)
{
    struct memory_session *it = open_with(state, F "type = reset\nwhen = run:10s\n");
    memory_session_feed(it, SIDE_SERVER, "ab", 2);
    memory_session_advance(it, 10 * US_PER_S - 1);
    assert_int_equal(it->ended, 0);
    memory_session_advance(it, 1);
    assert_int_equal(it->ended, 1);
    assert_int_equal(it->cause, CAUSE_FAULT);
    close_it(state);
}

static void a_moment_of_the_run_ends_a_lasting_fault(void **state)
{
    struct memory_session *it = open_with(state, F "type = stall\nuntil = run:10s\n");
    memory_session_feed(it, SIDE_SERVER, "ab", 2);
    memory_session_advance(it, 10 * US_PER_S - 1);
    expect(it, "");
    memory_session_advance(it, 1);
    expect(it, "ab");
    close_it(state);
}

/* --- NAME/any --- */

static void any_connection_arms_the_others(void **state)
{
    struct fixture *fixture = *state;
    struct memory_session *one =
        open_with(state, STAR "when = match:\"b\"\nafter = m/any\nconnections = 2-\n" M
                              "when = match:\"go\"\nconnections = 1\n");
    struct memory_session *two = calloc(2, sizeof *two), *three = &two[1];
    assert_non_null(two);
    memory_session_init(two, CAP);
    memory_session_init(three, CAP);
    memory_session_open(two, &fixture->proxy, 2);
    memory_session_feed(two, SIDE_SERVER, "ab", 2);
    expect(two, "ab");
    memory_session_feed(one, SIDE_SERVER, "go", 2);
    assert_true(two->wake_wanted);
    memory_session_settle(two);
    memory_session_feed(two, SIDE_SERVER, "ab", 2);
    expect(two, "abab*");
    /* One that comes later is armed from its beginning. */
    memory_session_open(three, &fixture->proxy, 3);
    memory_session_feed(three, SIDE_SERVER, "ab", 2);
    expect(three, "ab*");
    expect(one, "go");
    memory_session_close(two);
    memory_session_close(three);
    memory_session_deinit(two);
    memory_session_deinit(three);
    free(two);
    close_it(state);
}

/* Between its end and its release it must not be woken: its host has nothing to wake. */
static void a_connection_that_has_ended_is_not_woken(void **state)
{
    struct fixture *fixture = *state;
    struct memory_session *one = open_with(
        state, STAR "after = m/any\nconnections = 2\n" M "when = match:\"go\"\nconnections = 1\n");
    struct memory_session *two = calloc(1, sizeof *two);
    assert_non_null(two);
    memory_session_init(two, CAP);
    memory_session_open(two, &fixture->proxy, 2);
    memory_session_feed_fin(two, SIDE_CLIENT);
    memory_session_feed_fin(two, SIDE_SERVER);
    assert_int_equal(two->ended, 1);
    memory_session_feed(one, SIDE_SERVER, "go", 2);
    assert_int_equal(one->injected_count, 1);
    assert_false(two->wake_wanted);
    session_deinit(&two->session);
    memory_session_deinit(two);
    free(two);
    close_it(state);
}

static void any_is_also_the_same_connection(void **state)
{
    struct memory_session *it =
        open_with(state, STAR "when = bytes:1\nafter = m/any\n" M "when = match:\"go\"\n");
    memory_session_feed(it, SIDE_SERVER, "go on", 5);
    expect(it, "go *on");
    close_it(state);
}

static void counts_begin_anew(void **state)
{
    struct fixture *fixture = *state;
    static const char text[] = STAR "after = m/any\nconnections = 2-\n" M "connections = 1\n"
                                    "times = 1\n";
    struct memory_session *it = open_with(state, text);
    memory_session_close(it);
    memory_session_open(it, &fixture->proxy, 2);
    assert_int_equal(it->injected_count, 1);
    memory_session_close(it);
    memory_session_open(it, &fixture->proxy, 1);
    assert_int_equal(it->injected_count, 0); /* `times` is used up */
    memory_session_close(it);
    fault_counters_reset(&fixture->proxy.book);
    memory_session_open(it, &fixture->proxy, 2);
    assert_int_equal(it->injected_count, 0);
    memory_session_close(it);
    memory_session_open(it, &fixture->proxy, 1);
    assert_int_equal(it->injected_count, 1);
    close_it(state);
}

/* --- live --- */

static void adopt(void **state, const char *text)
{
    struct fixture *fixture = *state;
    struct config config;
    assert_int_equal(memory_config_read(&config, text), 0);
    assert_int_equal(memory_session_adopt(&fixture->it, &fixture->proxy, &config), 0);
    config_free(&config);
}

static void a_link_that_is_added_late_joins_its_chain(void **state)
{
    static const char mark[] = M "when = match:\"go\"\n";
    static const char both[] = M "when = match:\"go\"\n" STAR "when = match:\"b\"\nafter = m\n";
    struct memory_session *it = open_with(state, mark);
    memory_session_feed(it, SIDE_SERVER, "b", 1);
    adopt(state, both);
    memory_session_feed(it, SIDE_SERVER, "b go", 4);
    expect(it, "bb go");
    memory_session_feed(it, SIDE_SERVER, "ab", 2);
    expect(it, "bb goab*");
    close_it(state);
    /* Behind a mark that has fired it is armed at once. */
    it = open_with(state, mark);
    memory_session_feed(it, SIDE_SERVER, "go b", 4);
    adopt(state, both);
    memory_session_feed(it, SIDE_SERVER, "ab", 2);
    expect(it, "go bab*");
    close_it(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_nth_match_and_the_bytes_behind_it),
        TEST(the_first_match_is_not_withheld_for_the_second),
        TEST(a_chain_begins_at_the_next_byte),
        TEST(a_long_chain_fires_link_by_link),
        TEST(bytes_that_wait_are_the_next_ones),
        TEST(a_trigger_may_look_at_the_other_direction),
        TEST(an_event_says_which_direction),
        TEST(time_and_silence_count_from_the_fault_before),
        TEST(a_delay_lets_what_is_behind_the_trigger_pass),
        TEST(a_delay_withholds_what_an_edge_before_withholds),
        TEST(an_insertion_goes_before_what_a_delay_withheld),
        TEST(a_moment_of_the_run_is_one_of_open_connections),
        TEST(a_moment_of_the_run_ends_a_lasting_fault),
        TEST(any_connection_arms_the_others),
        TEST(a_connection_that_has_ended_is_not_woken),
        TEST(any_is_also_the_same_connection),
        TEST(counts_begin_anew),
        TEST(a_link_that_is_added_late_joins_its_chain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
