/* SPDX-License-Identifier: MIT */
/* The cases of a sweep and their order: a function of the baseline and of the outcomes so far. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proxy/app/sweep/cases.h"

static bool everything_fits(const void *user, size_t fault, const struct sweep_place *place)
{
    (void)user;
    (void)fault;
    (void)place;
    return true;
}

/* One connection: a request of 10 bytes, and a reply of `reply` bytes in two messages, both with a
 * FIN. */
static struct observation conversation(
    struct seen_connection *connection, struct seen_message messages[2], uint64_t reply)
{
    messages[0] = (struct seen_message){.offset = 0, .size = 40};
    messages[1] = (struct seen_message){.offset = 40, .size = reply - 40};
    *connection = (struct seen_connection){
        .number = 1,
        .bytes = {10, reply},
        .fin = {true, true},
        .messages = {NULL, messages},
        .message_count = {0, 2},
    };
    return (struct observation){.connections = connection, .count = 1};
}

/* Returns the case of this fault at this place, or NULL. */
static const struct sweep_case *find_case(
    const struct sweep_cases *cases, const struct sweep_place *place, size_t fault)
{
    for (size_t i = 0; i < cases->count; i++)
        if (cases->list[i].pick.fault == fault &&
            sweep_place_equal(&cases->list[i].pick.place, place))
            return &cases->list[i];
    return NULL;
}

static const struct sweep_case *find(
    const struct sweep_cases *cases, enum direction direction, uint64_t offset, bool at_fin)
{
    const struct sweep_place place = {
        .connection = 1, .direction = direction, .offset = offset, .at_fin = at_fin};
    return find_case(cases, &place, 0);
}

static void begin(struct sweep_cases *cases, uint64_t reply, uint64_t most)
{
    struct seen_connection connection;
    struct seen_message messages[2];
    struct observation seen = conversation(&connection, messages, reply);
    sweep_cases_init(cases, 1);
    sweep_cases_begin(cases, &seen, most, everything_fits, NULL);
}

static void the_first_wave_has_every_edge_and_the_bytes_beside_it(void **state)
{
    static const uint64_t wanted[] = {0, 1, 20, 39, 40, 41, 70, 99, 100};
    struct sweep_cases cases;
    (void)state;
    begin(&cases, 100, UINT64_MAX);
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
        assert_non_null(find(&cases, DIRECTION_DOWNSTREAM, wanted[i], false));
    const struct sweep_place withheld = {.connection = 1,
        .direction = DIRECTION_DOWNSTREAM,
        .offset = 40,
        .withheld = true,
        .message = 2};
    assert_non_null(find_case(&cases, &withheld, 0));
    assert_non_null(find(&cases, DIRECTION_DOWNSTREAM, 100, true));
    assert_non_null(find(&cases, DIRECTION_UPSTREAM, 10, true));
    assert_null(find(&cases, DIRECTION_UPSTREAM, 11, false));
    assert_int_equal(
        cases.place_total, (10 + 2) + (100 + 2 + 2)); /* each message is withheld, too */
    sweep_cases_deinit(&cases);
}

static void no_place_is_planned_twice(void **state)
{
    struct sweep_cases cases;
    (void)state;
    begin(&cases, 42, UINT64_MAX); /* a message of two bytes: its places fall together */
    for (size_t i = 0; i < cases.count; i++)
        assert_ptr_equal(
            find_case(&cases, &cases.list[i].pick.place, cases.list[i].pick.fault), &cases.list[i]);
    sweep_cases_deinit(&cases);
}

static void a_small_budget_sees_both_directions(void **state)
{
    struct sweep_cases cases;
    (void)state;
    begin(&cases, 100, 6);
    assert_int_equal(cases.count, 6);
    assert_non_null(find(&cases, DIRECTION_UPSTREAM, 0, false));
    assert_non_null(find(&cases, DIRECTION_DOWNSTREAM, 0, false));
    sweep_cases_deinit(&cases);
}

/* Everything below `edge` fails with exit status 18, the rest is as in the baseline. */
static void answer(struct sweep_cases *cases, uint64_t edge)
{
    for (size_t i = 0; i < cases->count; i++) {
        struct sweep_case *each = &cases->list[i];
        bool fails =
            each->pick.place.direction == DIRECTION_DOWNSTREAM && each->pick.place.offset < edge;
        each->done = true;
        each->outcome = fails ? OUTCOME_FAILED : OUTCOME_SAME;
        each->facts.wait_status = fails ? 18 << 8 : 0;
    }
}

static void waves_find_the_edge_to_the_byte(void **state)
{
    struct sweep_cases cases;
    (void)state;
    begin(&cases, 100000, UINT64_MAX);
    answer(&cases, 12345);
    for (int wave = 0; sweep_cases_refine(&cases, UINT64_MAX, true, true) > 0; wave++) {
        answer(&cases, 12345);
        assert_true(wave < 20); /* 2^17 > 100,000 */
    }
    assert_non_null(find(&cases, DIRECTION_DOWNSTREAM, 12344, false));
    assert_non_null(find(&cases, DIRECTION_DOWNSTREAM, 12345, false));
    assert_true(cases.count < 60);
    sweep_cases_deinit(&cases);
}

static void edges_of_outcomes_come_before_edges_of_output(void **state)
{
    struct sweep_cases cases;
    (void)state;
    begin(&cases, 100, UINT64_MAX);
    answer(&cases, 30);
    for (size_t i = 0; i < cases.count; i++)
        cases.list[i].facts.output = cases.list[i].pick.place.offset;
    size_t before = cases.count, added = sweep_cases_refine(&cases, UINT64_MAX, true, true);
    assert_int_equal(added, 1);
    assert_int_equal(cases.list[before].pick.place.offset, 29); /* between 20 and 39 */
    sweep_cases_deinit(&cases);
}

static void a_flaky_place_draws_no_further_runs(void **state)
{
    struct sweep_cases cases;
    (void)state;
    begin(&cases, 100, UINT64_MAX);
    answer(&cases, 0);
    for (size_t i = 0; i < cases.count; i++) {
        if (cases.list[i].pick.place.offset == 20)
            cases.list[i].outcome = OUTCOME_FLAKY;
    }
    assert_int_equal(sweep_cases_refine(&cases, UINT64_MAX, true, true), 0);
    sweep_cases_deinit(&cases);
}

/* The status is the offset, the output too: if the baseline's are not stable, no gap is halved. */
static void what_is_not_stable_draws_no_further_runs(void **state)
{
    static const struct {
        bool status, output, halves;
    } rows[] = {
        {true, true, true}, {true, false, true}, {false, true, true}, {false, false, false}};
    (void)state;
    for (size_t row = 0; row < sizeof rows / sizeof rows[0]; row++) {
        struct sweep_cases cases;
        begin(&cases, 100, UINT64_MAX);
        answer(&cases, 0);
        for (size_t i = 0; i < cases.count; i++) {
            cases.list[i].facts.output = cases.list[i].pick.place.offset;
            cases.list[i].facts.wait_status = (int)cases.list[i].pick.place.offset << 8;
        }
        size_t added = sweep_cases_refine(&cases, UINT64_MAX, rows[row].status, rows[row].output);
        assert_int_equal(added > 0, rows[row].halves);
        sweep_cases_deinit(&cases);
    }
}

static void the_first_outcome_that_applies_counts(void **state)
{
    const struct run_facts baseline = {.started = true, .output = 1};
    struct run_facts run = {.timed_out = true, .check_failed = true, .wait_status = 9};
    (void)state;
    assert_int_equal(outcome_classify(&run, &baseline, true, true), OUTCOME_NOT_REACHED);
    run.fired = true;
    assert_int_equal(outcome_classify(&run, &baseline, true, true), OUTCOME_HUNG);
    run.timed_out = false;
    assert_int_equal(outcome_classify(&run, &baseline, true, true), OUTCOME_CRASHED);
    run.wait_status = 1 << 8;
    assert_int_equal(outcome_classify(&run, &baseline, true, true), OUTCOME_CHECK_FAILED);
    run.check_failed = false;
    assert_int_equal(outcome_classify(&run, &baseline, true, true), OUTCOME_FAILED);
    assert_int_equal(outcome_classify(&run, &baseline, false, true), OUTCOME_DIFFERENT);
    run.wait_status = 0;
    assert_int_equal(outcome_classify(&run, &baseline, true, true), OUTCOME_DIFFERENT);
    assert_int_equal(outcome_classify(&run, &baseline, true, false), OUTCOME_SAME);
}

static void a_place_is_read_as_it_is_written(void **state)
{
    struct proxy_config proxies[2] = {{.name = "a#1:upstream"}, {.name = "b"}};
    const struct config config = {.proxies = proxies, .proxy_count = 2};
    const struct sweep_place places[] = {
        {.proxy = 0, .connection = 12, .direction = DIRECTION_UPSTREAM, .offset = 58},
        {.proxy = 1, .connection = 1, .direction = DIRECTION_DOWNSTREAM, .at_fin = true},
        {.proxy = 1,
            .connection = 1,
            .direction = DIRECTION_DOWNSTREAM,
            .withheld = true,
            .message = 2},
    };
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        char text[SWEEP_PLACE_TEXT_MAX + 8];
        struct sweep_place place;
        struct err err;
        const char *rest;
        sweep_place_format(&places[i], &config, text, sizeof text);
        snprintf(text + strlen(text), sizeof text - strlen(text), ":reset");
        assert_int_equal(sweep_place_parse(&place, &config, text, &rest, &err), 0);
        assert_true(sweep_place_equal(&place, &places[i]));
        assert_string_equal(rest, "reset");
    }
}

static void a_place_read_from_its_text_gets_its_offset_from_the_baseline(void **state)
{
    static const struct {
        struct sweep_place place;
        uint64_t offset, message;
    } rows[] = {
        {{.connection = 1, .direction = DIRECTION_DOWNSTREAM, .at_fin = true}, 100, 2},
        {{.connection = 1, .direction = DIRECTION_DOWNSTREAM, .withheld = true, .message = 2}, 40,
            2},
        {{.connection = 1, .direction = DIRECTION_DOWNSTREAM, .withheld = true, .message = 9}, 0,
            9},
        {{.connection = 1, .direction = DIRECTION_DOWNSTREAM, .offset = 7}, 7, 0},
        {{.connection = 2, .direction = DIRECTION_DOWNSTREAM, .at_fin = true}, 0, 0},
    };
    struct seen_connection connection;
    struct seen_message messages[2];
    const struct observation seen = conversation(&connection, messages, 100);
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct sweep_place place = rows[i].place;
        sweep_cases_locate(&place, &seen);
        assert_int_equal(place.offset, rows[i].offset);
        assert_int_equal(place.message, rows[i].message);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_wave_has_every_edge_and_the_bytes_beside_it),
        cmocka_unit_test(no_place_is_planned_twice),
        cmocka_unit_test(a_small_budget_sees_both_directions),
        cmocka_unit_test(waves_find_the_edge_to_the_byte),
        cmocka_unit_test(edges_of_outcomes_come_before_edges_of_output),
        cmocka_unit_test(a_flaky_place_draws_no_further_runs),
        cmocka_unit_test(what_is_not_stable_draws_no_further_runs),
        cmocka_unit_test(the_first_outcome_that_applies_counts),
        cmocka_unit_test(a_place_is_read_as_it_is_written),
        cmocka_unit_test(a_place_read_from_its_text_gets_its_offset_from_the_baseline),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
