/* SPDX-License-Identifier: MIT */
/*
 * Faults that touch the bytes themselves, over real sockets: which byte, and no other, whatever the
 * sizes of the writes were.
 */
#include "tests/lib/bench.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

static void corrupt_at_flips_one_bit_of_one_byte(void **state)
{
    struct bench bench;
    unsigned char sent[64], got[64];
    (void)state;
    bench_start(&bench, NULL, "", "[fault f]\ntype = corrupt\nat = 5\n");
    for (int i = 0; i < 8; i++) {
        bench_open(&bench);
        bench_pattern(sent, sizeof sent);
        bench_pump(bench.server, bench.client, sent, sizeof sent, (size_t)i + 1, got);
        assert_int_equal(__builtin_popcount(sent[5] ^ got[5]), 1);
        got[5] = sent[5];
        assert_memory_equal(got, sent, sizeof sent);
    }
    bench_stop(&bench);
}

#define CORRUPTED 120000

/* Fills `got` with the CORRUPTED bytes that reach a client when a server writes such pieces. */
static void run_corrupted(const char *globals, size_t chunk, unsigned char *got)
{
    struct bench bench;
    unsigned char *sent = malloc(CORRUPTED);
    assert_non_null(sent);
    bench_pattern(sent, CORRUPTED);
    bench_start(&bench, NULL, globals, "[fault f]\ntype = corrupt\nrate = 0.5%\nbits = 2\n");
    bench_open(&bench);
    bench_pump(bench.server, bench.client, sent, CORRUPTED, chunk, got);
    bench_stop(&bench);
    free(sent);
}

static size_t count_hits(const unsigned char *got)
{
    unsigned char *sent = malloc(CORRUPTED);
    size_t hits = 0;
    assert_non_null(sent);
    bench_pattern(sent, CORRUPTED);
    for (size_t i = 0; i < CORRUPTED; i++) {
        hits += got[i] != sent[i];
        assert_true(got[i] == sent[i] || __builtin_popcount(got[i] ^ sent[i]) == 2);
    }
    free(sent);
    return hits;
}

static void corrupt_rate_hits_the_same_bytes_whatever_the_sizes_of_writes(void **state)
{
    static const size_t chunks[] = {1, 1447, 100000};
    unsigned char *first = malloc(CORRUPTED), *again = malloc(CORRUPTED);
    (void)state;
    assert_non_null(first);
    assert_non_null(again);
    run_corrupted("seed = 7", 4096, first);
    size_t hits = count_hits(first);
    assert_in_range(hits, 300, 1000); /* 600 expected; a standard deviation is 24 */
    for (size_t i = 0; i < sizeof chunks / sizeof chunks[0]; i++) {
        run_corrupted("seed = 7", chunks[i], again);
        assert_memory_equal(again, first, CORRUPTED);
    }
    run_corrupted("seed = 8", 4096, again);
    assert_memory_not_equal(again, first, CORRUPTED);
    free(first);
    free(again);
}

static void corrupt_ends_at_an_exact_byte(void **state)
{
    struct bench bench;
    unsigned char sent[200], got[200];
    (void)state;
    bench_start(&bench, NULL, "",
        "[fault f]\ntype = corrupt\nrate = 100%\nwhen = bytes:50\nuntil = bytes:60\n");
    bench_pattern(sent, sizeof sent);
    for (size_t chunk = 1; chunk <= sizeof sent; chunk = chunk * 3 + 1) {
        bench_open(&bench);
        bench_pump(bench.server, bench.client, sent, sizeof sent, chunk, got);
        for (size_t i = 0; i < sizeof sent; i++)
            assert_int_equal(sent[i] != got[i], i >= 50 && i < 60);
    }
    bench_stop(&bench);
}

/* --- match --- */

#define PATTERN "abcabd"
#define HAYSTACK "xxabcabcabdyyabcabdzz"
#define FOUND_AT 5 /* where the first PATTERN begins in HAYSTACK */

/* How many bytes at the end of the first `n` may be the beginning of the pattern. */
static size_t possible_match(size_t n)
{
    size_t length = strlen(PATTERN) - 1;
    while (length > n || memcmp(&HAYSTACK[n - length], PATTERN, length) != 0)
        length--;
    return length;
}

/* The server writes the haystack in two pieces; the second one only when the client has got what
 * can be known of the first. Then the client must have exactly `end` bytes, and a RST. */
static void cut_at(struct bench *bench, size_t cut, size_t end, bool before)
{
    char got[sizeof HAYSTACK];
    int error;
    bench_open(bench);
    bench_send(bench->server, HAYSTACK, cut);
    size_t known = before ? cut - possible_match(cut) : cut;
    known = known < end ? known : end;
    bench_read(bench->client, got, known);
    /* It may be too late for that: our end is reset as well. */
    (void)send(bench->server, &HAYSTACK[cut], strlen(HAYSTACK) - cut, MSG_NOSIGNAL);
    size_t rest = bench_read_end(bench->client, got + known, sizeof got - known, &error);
    assert_int_equal(known + rest, end);
    assert_int_equal(error, ECONNRESET);
    assert_memory_equal(got, HAYSTACK, end);
}

static void match_after_is_exact_wherever_the_pattern_is_cut(void **state)
{
    struct bench bench;
    (void)state;
    bench_start(&bench, NULL, "", "[fault f]\ntype = reset\nwhen = match:\"" PATTERN "\"\n");
    for (size_t cut = 1; cut < strlen(HAYSTACK); cut++)
        cut_at(&bench, cut, FOUND_AT + strlen(PATTERN), false);
    bench_stop(&bench);
}

static void match_before_is_exact_and_withholds_no_more_than_a_possible_match(void **state)
{
    struct bench bench;
    (void)state;
    bench_start(&bench, NULL, "",
        "[fault f]\ntype = reset\nedge = before\nmatch_hold = 10s\nwhen = match:\"" PATTERN "\"\n");
    for (size_t cut = 1; cut < strlen(HAYSTACK); cut++)
        cut_at(&bench, cut, FOUND_AT, true);
    bench_stop(&bench);
}

/* --- inject --- */

static void inject_stands_between_two_bytes(void **state)
{
    static const char sent[] = "0123456789abcdefghij";
    static const char wanted[] = "0123456789<new>abcdefghij";
    struct bench bench;
    char got[sizeof wanted];
    (void)state;
    bench_start(&bench, NULL, "", "[fault f]\ntype = inject\nwhen = bytes:10\ndata = \"<new>\"\n");
    for (size_t cut = 1; cut < strlen(sent); cut++) {
        bench_open(&bench);
        bench_send(bench.server, sent, cut);
        bench_read(bench.client, got, cut);
        bench_send(bench.server, sent + cut, strlen(sent) - cut);
        bench_read(bench.client, got + cut, strlen(wanted) - cut);
        assert_memory_equal(got, wanted, strlen(wanted));
        bench_expect_silence(bench.client, 1);
    }
    bench_stop(&bench);
}

static void inject_stands_before_and_behind_a_match(void **state)
{
    struct bench bench;
    char got[32];
    (void)state;
    bench_start(&bench, NULL, "",
        "[fault f]\ntype = inject\nwhen = match:\"cd\"\nedge = before\nmatch_hold = 10s\ndata = "
        "\"<\"\n"
        "[fault g]\ntype = inject\nwhen = match:\"cd\"\ndata = \"\\x00>\"\n");
    bench_open(&bench);
    bench_send(bench.server, "abcdef", 6);
    bench_read(bench.client, got, 9);
    assert_memory_equal(got, "ab<cd\0>ef", 9);
    bench_stop(&bench);
}

/* Another fault closes while a reset waits: to the client, what is withheld was never read. */
static void what_a_trigger_delay_withholds_is_never_forwarded(void **state)
{
    struct bench bench;
    char got[32];
    int error;
    (void)state;
    bench_start(&bench, NULL, "",
        "[fault f]\ntype = reset\ndirection = upstream\nwhen = match:\"COMMIT\"\nedge = before\n"
        "match_hold = 10s\ntrigger_delay = 1h\n"
        "[fault m]\ntype = mark\ndirection = upstream\nwhen = bytes:6\n"
        "[fault g]\ntype = close\nmode = plain\nwhen = time:20ms\nafter = m\n");
    bench_open(&bench);
    bench_send(bench.client, "begin;COMMIT;", 13);
    size_t n = bench_read_end(bench.server, got, sizeof got, &error);
    assert_int_equal(n, 6);
    assert_int_equal(error, 0);
    bench_expect_error(bench.client, ECONNRESET);
    bench_stop(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(corrupt_at_flips_one_bit_of_one_byte),
        cmocka_unit_test(corrupt_rate_hits_the_same_bytes_whatever_the_sizes_of_writes),
        cmocka_unit_test(corrupt_ends_at_an_exact_byte),
        cmocka_unit_test(match_after_is_exact_wherever_the_pattern_is_cut),
        cmocka_unit_test(match_before_is_exact_and_withholds_no_more_than_a_possible_match),
        cmocka_unit_test(inject_stands_between_two_bytes),
        cmocka_unit_test(inject_stands_before_and_behind_a_match),
        cmocka_unit_test(what_a_trigger_delay_withholds_is_never_forwarded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
