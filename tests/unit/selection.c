/* SPDX-License-Identifier: MIT */
/* Selections of connections, and triggers: the two small languages inside a fault. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proxy/fault/selection.h"
#include "proxy/fault/trigger.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct option connections = {.name = "connections", .kind = &option_selection};
static const struct option when = {.name = "when", .kind = &option_trigger};
static const struct option until = {.name = "until", .kind = &option_until};

static void selections_have_their_connections(void **state)
{
    static const struct {
        const char *text;
        const char *members; /* of 1 to 12, one character each */
        const char *printed; /* NULL: as text */
    } cases[] = {
        {"all", "############", NULL},
        {"1", "#...........", NULL},
        {"2", ".#..........", NULL},
        {"002", ".#..........", "2"},
        {"1-3", "###.........", NULL},
        {"3-3", "..#.........", "3"},
        {"5-", "....########", NULL},
        {"every:3", "..#..#..#..#", NULL},
        {"every:1", "############", "1-"},
        {"1,3,5", "#.#.#.......", NULL},
        {"1, 3 ,\t5", "#.#.#.......", "1,3,5"},
        {"1-2,every:5,11-", "##..#....###", NULL},
        {"7,7", "......#.....", NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct selection selection;
        struct err err = {""};
        char members[13] = "", printed[OPTION_TEXT_MAX];
        if (option_parse(&connections, cases[i].text, &selection, &err) != 0)
            fail_msg("%s: %s", cases[i].text, err.text);
        for (unsigned c = 1; c <= 12; c++)
            members[c - 1] = selection_has(&selection, c) ? '#' : '.';
        option_format(&connections, &selection, printed, sizeof printed);
        if (strcmp(members, cases[i].members) != 0)
            fail_msg("%s: want %s, got %s", cases[i].text, cases[i].members, members);
        if (strcmp(printed, cases[i].printed != NULL ? cases[i].printed : cases[i].text) != 0)
            fail_msg("%s: printed as %s", cases[i].text, printed);
    }
}

static void large_numbers_are_not_cut(void **state)
{
    struct selection selection;
    struct err err;
    (void)state;
    assert_int_equal(option_parse(&connections, "18446744073709551614", &selection, &err), 0);
    assert_true(selection_has(&selection, UINT64_MAX - 1));
    assert_false(selection_has(&selection, UINT64_MAX));
    assert_false(selection_has(&selection, UINT64_C(4294967294)));
    assert_int_equal(option_parse(&connections, "every:18446744073709551614", &selection, &err), 0);
    assert_true(selection_has(&selection, UINT64_MAX - 1));
    assert_false(selection_has(&selection, 1));
}

struct refused_port {
    const char *text;
    const char *fragment;
};

static void check_refusals(
    const struct option *option, const struct refused_port *refusals, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        union {
            struct selection selection;
            struct trigger trigger;
        } value;
        struct err err = {""};
        if (option_parse(option, refusals[i].text, &value, &err) != -1)
            fail_msg("%s = %s was read", option->name, refusals[i].text);
        if (strstr(err.text, refusals[i].fragment) == NULL)
            fail_msg("%s: want \"%s\" in \"%s\"", refusals[i].text, refusals[i].fragment, err.text);
    }
}

static void wrong_selections_are_refused(void **state)
{
    static const struct refused_port refusals[] = {
        {"", "empty"},
        {"0", "no connection 0"},
        {"0-3", "no connection 0"},
        {"every:0", "no connection 0"},
        {"every:", "not a connection"},
        {"every:x", "not a connection"},
        {"every", "not a connection"},
        {"3-1", "runs backwards, write 1-3"},
        {"-3", "not a connection"},
        {"-", "not a connection"},
        {"1--3", "not a connection"},
        {"1-2-3", "not a connection"},
        {"1,", "empty"},
        {",1", "empty"},
        {"1,,2", "empty"},
        {"1, ,2", "empty"},
        {"1 2", "not a connection"},
        {"*", "not a connection"},
        {"1,all", "not a connection"},
        {"18446744073709551615", "not a connection"},
        {"99999999999999999999", "not a connection"},
        {"1k", "not a connection"},
        {"next", "a word of the API"},
        {"1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1", "at most 32"},
        {"111111111111111111111111111111111111111111111111111111111111", "not a connection"},
    };
    (void)state;
    check_refusals(&connections, refusals, COUNT(refusals));
}

static void triggers_are_read_and_written(void **state)
{
    static const struct {
        const char *text;
        enum trigger_kind kind;
        uint64_t value;
        const char *printed; /* NULL: as text */
    } cases[] = {
        {"open", TRIGGER_OPEN, 0, NULL},
        {"accept", TRIGGER_ACCEPT, 0, NULL},
        {"eof", TRIGGER_EOF, 0, NULL},
        {"bytes:0", TRIGGER_BYTES, 0, NULL},
        {"bytes:1024", TRIGGER_BYTES, 1024, "bytes:1k"},
        {"bytes:1000003", TRIGGER_BYTES, 1000003, NULL},
        {"time:250ms", TRIGGER_TIME, 250000, NULL},
        {"time:0", TRIGGER_TIME, 0, "time:0s"},
        {"idle:1.5s", TRIGGER_IDLE, 1500000, "idle:1500ms"},
        {"idle:1us", TRIGGER_IDLE, 1, NULL},
        {"run:1m", TRIGGER_RUN, 60000000, NULL},
        {"run:0", TRIGGER_RUN, 0, "run:0s"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct trigger trigger;
        struct err err = {""};
        char printed[OPTION_TEXT_MAX];
        if (option_parse(&when, cases[i].text, &trigger, &err) != 0)
            fail_msg("%s: %s", cases[i].text, err.text);
        option_format(&when, &trigger, printed, sizeof printed);
        if (trigger.kind != cases[i].kind || trigger.value != cases[i].value ||
            strcmp(printed, cases[i].printed != NULL ? cases[i].printed : cases[i].text) != 0)
            fail_msg("%s: got kind %d, value %" PRIu64 ", printed %s", cases[i].text,
                (int)trigger.kind, trigger.value, printed);
    }
}

static void a_match_says_which_and_how_far_behind(void **state)
{
    static const struct {
        const char *text;
        uint64_t nth, plus;
        const char *printed; /* NULL: as text */
    } cases[] = {
        {"match:\"x\"", 1, 0, NULL},
        {"match:\"x\"#1", 1, 0, "match:\"x\""},
        {"match:\"x\"#2", 2, 0, NULL},
        {"match:\"x\"+1k", 1, 1024, NULL},
        {"match:\"x\"+0", 1, 0, "match:\"x\""},
        {"match:\"#3+4\"#18446744073709551615+10", UINT64_MAX, 10, NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct trigger trigger;
        struct err err = {""};
        char printed[OPTION_TEXT_MAX];
        if (option_parse(&when, cases[i].text, &trigger, &err) != 0)
            fail_msg("%s: %s", cases[i].text, err.text);
        option_format(&when, &trigger, printed, sizeof printed);
        if (trigger.nth != cases[i].nth || trigger.plus != cases[i].plus ||
            strcmp(printed, cases[i].printed != NULL ? cases[i].printed : cases[i].text) != 0)
            fail_msg("%s: got #%" PRIu64 "+%" PRIu64 ", printed %s", cases[i].text, trigger.nth,
                trigger.plus, printed);
    }
}

static void wrong_triggers_are_refused(void **state)
{
    static const struct refused_port refusals[] = {
        {"", "not a trigger"},
        {"bytes", "write one such as bytes:1k"},
        {"bytes:", "needs a value"},
        {"bytes: 5", "not a size"},
        {"bytes:5s", "unknown unit"},
        {"byte:5", "did you mean 'bytes'?"},
        {"time:5", "no unit"},
        {"open:3", "takes no value"},
        {"eof:", "takes no value"},
        {"match", "write one such as match:\"\\r\\n\""},
        {"match:", "needs a value"},
        {"match:x", "double quotes"},
        {"match:\"\"", "empty pattern"},
        {"match:\"x", "closing"},
        {"match:\"x\"y", "follows"},
        {"match:\"\\q\"", "no escape"},
        {"match:\"\\x4\"", "two hexadecimal"},
        {"match:\"\t\"", "written as \\t"},
        {"match:\"x\"#", "a number is missing"},
        {"match:\"x\"#0", "counted from 1"},
        {"match:\"x\"#-1", "not a number"},
        {"match:\"x\"#1k", "not a number"},
        {"match:\"x\"#+1", "a number is missing"},
        {"match:\"x\"+", "a number is missing"},
        {"match:\"x\"+5s", "unknown unit"},
        {"match:\"x\"+1#2", "unknown unit"},
        {"match:\"x\" #2", "#N for the N-th occurrence"},
        {"run", "run:10s"},
        {"run:10", "no unit"},
        {"mach:\"x\"", "did you mean 'match'?"},
        {"idle:0", "idle for no time"},
        {"idle:5", "no unit"},
        {"idle", "idle:5s"},
        {"never", "enabled = no"},
        {"nver", "not a trigger, write open"},
        {"Open", "did you mean 'open'?"},
        {":5", "not a trigger"},
    };
    (void)state;
    check_refusals(&when, refusals, COUNT(refusals));
}

static void patterns_are_bytes_with_escapes(void **state)
{
    static const struct {
        const char *text, *pattern;
        unsigned length;
        const char *printed; /* NULL: as text */
    } cases[] = {
        {"match:\"a\"", "a", 1, NULL},
        {"match:\"a:b\"", "a:b", 3, NULL},
        {"match:\"\\r\\n\\r\\n\"", "\r\n\r\n", 4, NULL},
        {"match:\"\\x00\\xff;\"", "\0\xff;", 3, "match:\"\\0\xff;\""},
        {"match:\" \\73\\\"\\\\\\t\"", " ;\"\\\t", 5, NULL},
        {"\"match:\\\"a b\\\"\"", "a b", 3, "match:\"a b\""},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct trigger trigger;
        struct err err = {""};
        char printed[OPTION_TEXT_MAX];
        if (option_parse(&when, cases[i].text, &trigger, &err) != 0)
            fail_msg("%s: %s", cases[i].text, err.text);
        option_format(&when, &trigger, printed, sizeof printed);
        assert_int_equal(trigger.kind, TRIGGER_MATCH);
        assert_int_equal(trigger.pattern_len, cases[i].length);
        assert_memory_equal(trigger.pattern, cases[i].pattern, cases[i].length);
        assert_string_equal(printed, cases[i].printed != NULL ? cases[i].printed : cases[i].text);
    }
}

static void the_longest_pattern_prints_and_reads_back(void **state)
{
    struct trigger first = {.kind = TRIGGER_MATCH, .nth = 1, .pattern_len = TRIGGER_PATTERN_MAX},
                   second;
    struct err err = {""};
    char printed[OPTION_TEXT_MAX];
    (void)state;
    memset(first.pattern, 1, sizeof first.pattern);
    option_format(&when, &first, printed, sizeof printed);
    assert_int_equal(option_parse(&when, printed, &second, &err), 0);
    assert_int_equal(second.pattern_len, TRIGGER_PATTERN_MAX);
    assert_memory_equal(first.pattern, second.pattern, sizeof first.pattern);
    memmove(printed + sizeof "match:", printed + sizeof "match:" - 1,
        strlen(printed) + 1 - (sizeof "match:" - 1));
    printed[sizeof "match:"] = 'x';
    assert_int_equal(option_parse(&when, printed, &second, &err), -1);
    assert_non_null(strstr(err.text, "at most 200 bytes"));
}

static void ends_are_triggers_that_can_come_later(void **state)
{
    static const struct refused_port refusals[] = {
        {"open", "nothing has begun yet that could end at 'open', write bytes:1k"},
        {"accept", "nothing has begun yet"},
        {"opne", "not a trigger, write bytes:1k"},
        {"nver", "did you mean 'never'?"},
        {"never:5s", "takes no value"},
        {"bytes", "needs a value"},
    };
    static const char *const texts[] = {"never", "bytes:1k", "time:2m", "idle:1s", "eof",
        "match:\"x\"", "match:\"x\"#2+3", "run:1s"};
    (void)state;
    check_refusals(&until, refusals, COUNT(refusals));
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct trigger trigger;
        struct err err = {""};
        char printed[OPTION_TEXT_MAX];
        assert_int_equal(option_parse(&until, texts[i], &trigger, &err), 0);
        option_format(&until, &trigger, printed, sizeof printed);
        assert_string_equal(printed, texts[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(selections_have_their_connections),
        cmocka_unit_test(large_numbers_are_not_cut),
        cmocka_unit_test(wrong_selections_are_refused),
        cmocka_unit_test(triggers_are_read_and_written),
        cmocka_unit_test(a_match_says_which_and_how_far_behind),
        cmocka_unit_test(wrong_triggers_are_refused),
        cmocka_unit_test(patterns_are_bytes_with_escapes),
        cmocka_unit_test(the_longest_pattern_prints_and_reads_back),
        cmocka_unit_test(ends_are_triggers_that_can_come_later),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
