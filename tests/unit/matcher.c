/* SPDX-License-Identifier: MIT */
/* The streaming search finds what a search over the whole text finds, for any pieces. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proxy/relay/matcher.h"
#include "tests/lib/random_fault.h"

static struct trigger pattern_of(const char *bytes, size_t n)
{
    struct trigger trigger = {.kind = TRIGGER_MATCH, .nth = 1, .pattern_len = (unsigned)n};
    memcpy(trigger.pattern, bytes, n);
    return trigger;
}

/* Where the occurrence of the trigger ends; n + 1: nowhere. */
static size_t plain_search(const struct trigger *trigger, const char *text, size_t n)
{
    size_t length = trigger->pattern_len, found = 0;
    for (size_t start = 0; start + length <= n; start++) {
        if (memcmp(text + start, trigger->pattern, length) != 0)
            continue;
        if (++found == trigger->nth)
            return start + length;
        start += length - 1;
    }
    return n + 1;
}

/* Searches in pieces of random size. */
static size_t streaming_search(
    const struct matcher *matcher, const char *text, size_t n, uint64_t *random)
{
    struct match_progress progress = {0};
    for (size_t at = 0; at < n;) {
        size_t piece = 1 + random_below(random, n - at);
        size_t seen = matcher_scan(matcher, &progress, (const unsigned char *)text + at, piece);
        if (matcher_has_found(matcher, &progress))
            return at + seen;
        assert_int_equal(seen, piece);
        at += piece;
    }
    return n + 1;
}

static void it_finds_what_a_plain_search_finds(void **state)
{
    uint64_t random = 1;
    (void)state;
    for (int round = 0; round < 20000; round++) {
        char text[40], word[6];
        size_t n = 1 + random_below(&random, sizeof text), length = 1 + random_below(&random, 6);
        for (size_t i = 0; i < n; i++)
            text[i] = "ab"[random_below(&random, 2)];
        for (size_t i = 0; i < length; i++)
            word[i] = "ab"[random_below(&random, 2)];
        struct trigger trigger = pattern_of(word, length);
        trigger.nth = 1 + random_below(&random, 4);
        struct matcher matcher;
        matcher_init(&matcher, &trigger);
        size_t want = plain_search(&trigger, text, n);
        size_t got = streaming_search(&matcher, text, n, &random);
        if (got != want)
            fail_msg("round %d: %.*s in %.*s: got %zu, want %zu", round, (int)length, word, (int)n,
                text, got, want);
    }
}

/* The longest beginning of the pattern that the text ends in. */
static void it_knows_how_much_may_be_a_match(void **state)
{
    static const struct {
        const char *pattern, *text;
        unsigned matched;
    } rows[] = {
        {"aab", "aaa", 2},
        {"abab", "abaaba", 3},
        {"abcabd", "abcabc", 3},
        {"abab", "abac", 0},
        {"aaaa", "baaa", 3},
        {"ab", "", 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct trigger trigger = pattern_of(rows[i].pattern, strlen(rows[i].pattern));
        struct matcher matcher;
        struct match_progress progress = {0};
        matcher_init(&matcher, &trigger);
        matcher_scan(
            &matcher, &progress, (const unsigned char *)rows[i].text, strlen(rows[i].text));
        if (progress.matched != rows[i].matched)
            fail_msg("%s in %s: got %u, want %u", rows[i].pattern, rows[i].text, progress.matched,
                rows[i].matched);
    }
}

static void occurrences_do_not_overlap(void **state)
{
    struct trigger trigger = pattern_of("aba", 3);
    struct matcher matcher;
    struct match_progress progress = {0};
    (void)state;
    trigger.nth = 2;
    matcher_init(&matcher, &trigger);
    assert_int_equal(matcher_scan(&matcher, &progress, (const unsigned char *)"ababa", 5), 5);
    assert_int_equal(progress.occurrences, 1);
    assert_true(matcher_may_find(&matcher, &progress));
    assert_int_equal(matcher_scan(&matcher, &progress, (const unsigned char *)"ba", 2), 2);
    assert_true(matcher_has_found(&matcher, &progress));
}

static void the_longest_pattern_and_bytes_of_any_value_match(void **state)
{
    unsigned char text[TRIGGER_PATTERN_MAX + 1];
    struct trigger trigger;
    struct matcher matcher;
    struct match_progress progress = {0};
    (void)state;
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (unsigned char)(i == 0 ? 0 : 255 - i);
    trigger = pattern_of((const char *)text + 1, TRIGGER_PATTERN_MAX);
    matcher_init(&matcher, &trigger);
    assert_int_equal(matcher_scan(&matcher, &progress, text, sizeof text), sizeof text);
    assert_true(matcher_has_found(&matcher, &progress));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_finds_what_a_plain_search_finds),
        cmocka_unit_test(it_knows_how_much_may_be_a_match),
        cmocka_unit_test(occurrences_do_not_overlap),
        cmocka_unit_test(the_longest_pattern_and_bytes_of_any_value_match),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
