/* SPDX-License-Identifier: MIT */
/* Draws: the published sequence, streams that know nothing of each other, and even chances. */
#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proxy/base/rng.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define DRAWS 1000000

/* Of the reference implementation, seeded with 1234567. */
static void draws_are_those_of_splitmix64(void **state)
{
    static const uint64_t reference[] = {
        UINT64_C(6457827717110365317),
        UINT64_C(3203168211198807973),
        UINT64_C(9817491932198370423),
        UINT64_C(4593380528125082431),
        UINT64_C(16408922859458223821),
    };
    (void)state;
    for (size_t i = 0; i < COUNT(reference); i++)
        assert_true(rng_at(1234567, i) == reference[i]);
}

/* A log of last year must repeat: these may never change. */
static void keys_stay_what_they_were(void **state)
{
    static const struct {
        uint64_t seed;
        const char *proxy;
        uint64_t connection;
        const char *fault;
        uint64_t stream, key;
    } cases[] = {
        {0, "", 0, "", 0, UINT64_C(0x8b211d0186645fd7)},
        {42, "redis", 1, "reset-mid-reply", 0, UINT64_C(0xfd1e3d8803b43f1a)},
        {UINT64_MAX, "a", UINT64_MAX, "b", UINT64_MAX, UINT64_C(0x59091b7c301aed93)},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint64_t key = rng_key(
            cases[i].seed, cases[i].proxy, cases[i].connection, cases[i].fault, cases[i].stream);
        if (key != cases[i].key)
            fail_msg("key %zu is 0x%016" PRIx64, i, key);
    }
}

static void every_part_of_a_key_counts(void **state)
{
    const uint64_t keys[] = {
        rng_key(1, "a", 1, "f", 0),
        rng_key(2, "a", 1, "f", 0),
        rng_key(1, "b", 1, "f", 0),
        rng_key(1, "a", 2, "f", 0),
        rng_key(1, "a", 1, "g", 0),
        rng_key(1, "a", 1, "f", 1),
        rng_key(1, "af", 1, "", 0),
        rng_key(1, "", 1, "af", 0),
        rng_key(1, "f", 1, "a", 0),
    };
    (void)state;
    for (size_t a = 0; a < COUNT(keys); a++)
        for (size_t b = 0; b < a; b++)
            assert_true(keys[a] != keys[b]);
}

/* Neighbours, as connections are, agree in half of their bits. */
static void streams_of_neighbours_are_independent(void **state)
{
    uint64_t same = 0;
    (void)state;
    for (uint64_t connection = 1; connection <= 1000; connection++) {
        uint64_t key = rng_key(42, "a", connection, "f", 0);
        uint64_t next = rng_key(42, "a", connection + 1, "f", 0);
        for (uint64_t index = 0; index < 10; index++)
            same += (uint64_t)__builtin_popcountll(~(rng_at(key, index) ^ rng_at(next, index)));
    }
    assert_in_range(same, 320000 - 2000, 320000 + 2000); /* five standard deviations */
}

static void chances_come_as_often_as_they_say(void **state)
{
    static const uint64_t ppbs[] = {1000000, 10000000, 400000000, 500000000, 999000000};
    (void)state;
    for (size_t i = 0; i < COUNT(ppbs); i++) {
        double p = (double)ppbs[i] / PPB_ALL, deviation = sqrt(DRAWS * p * (1 - p));
        double hits = 0;
        for (uint64_t index = 0; index < DRAWS; index++)
            hits += rng_chance(77, index, ppbs[i]) ? 1 : 0;
        if (fabs(hits - DRAWS * p) > 5 * deviation)
            fail_msg("%" PRIu64 " ppb came %.0f times in %d", ppbs[i], hits, DRAWS);
    }
}

static void certain_is_always_and_zero_is_never(void **state)
{
    (void)state;
    for (uint64_t index = 0; index < DRAWS; index++) {
        assert_true(rng_chance(5, index, PPB_ALL));
        assert_false(rng_chance(5, index, 0));
    }
    assert_true(rng_threshold(0) == 0);
    assert_true(rng_threshold(500000000) == UINT64_C(1) << 63);
    assert_true(rng_threshold(PPB_ALL - 1) > UINT64_MAX / PPB_ALL * (PPB_ALL - 2));
}

static void bounds_are_kept_and_all_below_is_reached(void **state)
{
    unsigned counts[7] = {0};
    (void)state;
    for (uint64_t index = 0; index < 70000; index++)
        counts[rng_below(9, index, 7)]++;
    for (size_t i = 0; i < COUNT(counts); i++)
        assert_in_range(counts[i], 10000 - 500, 10000 + 500);
    for (uint64_t index = 0; index < 1000; index++) {
        assert_int_equal(rng_below(9, index, 1), 0);
        assert_true(rng_below(9, index, UINT64_MAX) == rng_at(9, index) - 1 ||
                    rng_below(9, index, UINT64_MAX) == rng_at(9, index));
        assert_true(rng_below(9, index, UINT64_C(1) << 63) == rng_at(9, index) >> 1);
    }
}

struct moments {
    double mean, deviation, least, most;
};

static struct moments measure(double (*draw)(uint64_t, uint64_t))
{
    struct moments moments = {.least = 1e9, .most = -1e9};
    double squares = 0;
    for (uint64_t index = 0; index < DRAWS; index++) {
        double value = draw(3, index);
        moments.mean += value / DRAWS;
        squares += value * value / DRAWS;
        moments.least = fmin(moments.least, value);
        moments.most = fmax(moments.most, value);
    }
    moments.deviation = sqrt(squares - moments.mean * moments.mean);
    return moments;
}

static void distributions_have_their_moments(void **state)
{
    struct moments normal = measure(rng_normal);
    struct moments pareto = measure(rng_pareto);
    (void)state;
    assert_true(fabs(normal.mean) < 0.005 && fabs(normal.deviation - 1) < 0.005);
    assert_true(normal.least < -4 && normal.least > -6.1 && normal.most > 4 && normal.most < 6.1);
    assert_true(fabs(pareto.mean) < 0.01 && fabs(pareto.deviation - 1) < 0.2);
    assert_true(pareto.least > -0.58 && pareto.most > 20 && pareto.most <= RNG_PARETO_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(draws_are_those_of_splitmix64),
        cmocka_unit_test(keys_stay_what_they_were),
        cmocka_unit_test(every_part_of_a_key_counts),
        cmocka_unit_test(streams_of_neighbours_are_independent),
        cmocka_unit_test(chances_come_as_often_as_they_say),
        cmocka_unit_test(certain_is_always_and_zero_is_never),
        cmocka_unit_test(bounds_are_kept_and_all_below_is_reached),
        cmocka_unit_test(distributions_have_their_moments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
