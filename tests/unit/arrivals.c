/* SPDX-License-Identifier: MIT */
/* When bytes arrived: against a plain array of all of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proxy/relay/arrivals.h"
#include "tests/lib/random_fault.h"

#define BYTES 4000

static void check_all(const struct arrivals *arrivals, const time_us *want, size_t from, size_t to)
{
    for (size_t at = from; at < to; at++) {
        uint64_t until = 0;
        assert_int_equal(arrivals_at(arrivals, at, &until), want[at]);
        assert_in_range(until, at + 1, to);
        assert_int_equal(want[until - 1], want[at]);
    }
}

static void every_byte_has_the_time_of_its_piece(void **state)
{
    struct arrivals arrivals = {0};
    time_us *at = calloc(BYTES, sizeof *at);
    uint64_t random = 1, head = 0, tail = 0, now = 5;
    (void)state;
    assert_non_null(at);
    while (tail < BYTES) {
        uint64_t piece = 1 + random_below(&random, 20);
        piece = piece < BYTES - tail ? piece : BYTES - tail;
        for (uint64_t i = 0; i < piece; i++)
            at[tail + i] = now;
        tail += piece;
        arrivals_add(&arrivals, tail, now);
        now += random_below(&random, 2);
        if (random_below(&random, 20) == 0)
            head += random_below(&random, tail - head + 1);
        arrivals_forget(&arrivals, head);
        if (random_below(&random, 10) == 0)
            check_all(&arrivals, at, head, tail);
    }
    check_all(&arrivals, at, head, tail);
    arrivals_deinit(&arrivals);
    free(at);
}

static void what_was_forgotten_is_long_ago(void **state)
{
    struct arrivals arrivals = {0};
    uint64_t until = 0;
    (void)state;
    assert_int_equal(arrivals_at(&arrivals, 0, &until), 0);
    assert_int_equal(until, UINT64_MAX);
    arrivals_add(&arrivals, 10, 7);
    arrivals_forget(&arrivals, 10);
    assert_int_equal(arrivals_at(&arrivals, 10, &until), 0);
    assert_int_equal(until, UINT64_MAX);
    arrivals_deinit(&arrivals);
}

static void other_bytes_may_stand_behind_a_cut(void **state)
{
    struct arrivals arrivals = {0};
    uint64_t until;
    (void)state;
    arrivals_add(&arrivals, 10, 7);
    arrivals_add(&arrivals, 20, 8);
    arrivals_add(&arrivals, 30, 9);
    arrivals_cut(&arrivals, 15);
    arrivals_add(&arrivals, 40, 11);
    assert_int_equal(arrivals_at(&arrivals, 14, &until), 8);
    assert_int_equal(until, 15);
    assert_int_equal(arrivals_at(&arrivals, 15, &until), 11);
    arrivals_cut(&arrivals, 10);
    arrivals_add(&arrivals, 12, 13);
    assert_int_equal(arrivals_at(&arrivals, 9, &until), 7);
    assert_int_equal(arrivals_at(&arrivals, 10, &until), 13);
    arrivals_cut(&arrivals, 0);
    arrivals_add(&arrivals, 5, 14);
    assert_int_equal(arrivals_at(&arrivals, 0, &until), 14);
    arrivals_deinit(&arrivals);
}

/* Late rather than early. */
static void beyond_the_bound_bytes_count_as_arrived_with_the_last(void **state)
{
    struct arrivals arrivals = {0};
    uint64_t until;
    (void)state;
    for (uint64_t i = 1; i <= ARRIVALS_MAX + 10; i++)
        arrivals_add(&arrivals, i, i);
    assert_int_equal(arrivals_at(&arrivals, 0, &until), 1);
    assert_int_equal(arrivals_at(&arrivals, ARRIVALS_MAX - 2, &until), ARRIVALS_MAX - 1);
    assert_int_equal(arrivals_at(&arrivals, ARRIVALS_MAX - 1, &until), ARRIVALS_MAX + 10);
    assert_int_equal(arrivals_at(&arrivals, ARRIVALS_MAX + 9, &until), ARRIVALS_MAX + 10);
    arrivals_deinit(&arrivals);
    arrivals_deinit(&arrivals);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_byte_has_the_time_of_its_piece),
        cmocka_unit_test(what_was_forgotten_is_long_ago),
        cmocka_unit_test(other_bytes_may_stand_behind_a_cut),
        cmocka_unit_test(beyond_the_bound_bytes_count_as_arrived_with_the_last),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
