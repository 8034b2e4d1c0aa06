/* SPDX-License-Identifier: MIT */
/*
 * Properties of every type of fault in the catalogue, whatever its parameters: nothing here knows a
 * type by name.
 */
#include <inttypes.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/memory_script.h"
#include "tests/lib/random_fault.h"

#define CAP (4 * SCRIPT_BYTES)

static const struct script all_at_once = {.piece = SIZE_MAX};

/* The argument of a test over all types: one configuration that was drawn. */
struct trial {
    struct memory_session *it;
    struct memory_proxy proxy;
    const struct fault_type *type;
    unsigned round;
    uint64_t random;
    char text[SCRIPT_TEXT_MAX];
    struct outcome want, got;
};

/* `rounds` draws of `count` faults for each type that concerns connections. */
static void for_every_type(unsigned rounds, unsigned count, void (*check)(struct trial *trial))
{
    struct trial *trial = calloc(1, sizeof *trial);
    struct memory_session *it = calloc(1, sizeof *it);
    assert_true(trial != NULL && it != NULL);
    memory_session_init(it, CAP);
    trial->it = it;
    for (size_t i = 0; fault_catalogue[i] != NULL; i++) {
        trial->type = fault_catalogue[i];
        trial->random = i * 1000003 + 1;
        if (trial->type->listener != LISTENER_OPEN)
            continue;
        for (trial->round = 0; trial->round < rounds; trial->round++) {
            script_draw_faults(
                trial->type, count, &trial->random, trial->text, sizeof trial->text, &trial->proxy);
            check(trial);
            memory_proxy_deinit(&trial->proxy);
        }
    }
    memory_session_deinit(it);
    free(it);
    free(trial);
}

/* --- bytes --- */

static bool ends_or_silences(const struct fault *fault)
{
    struct action on[2];
    fault_actions_at_trigger(fault, on);
    for (int i = 0; i < 2; i++)
        if (action_is_ending(on[i].kind) || on[i].kind == ACTION_FIN ||
            (on[i].kind == ACTION_STOP_READING && on[i].duration_us == TIME_NEVER))
            return true;
    fault_actions_at_open(fault, on);
    return on[0].kind != ACTION_NONE || on[1].kind != ACTION_NONE;
}

/* Computes the bytes that a direction should deliver: its type changes those between the beginning
 * and the end of the fault. */
static void expect_bytes(struct trial *trial, enum direction direction, unsigned char *bytes)
{
    const struct memory_session *it = trial->it;
    uint64_t from = UINT64_MAX, to = SCRIPT_BYTES;
    uint64_t key = 0;
    memcpy(bytes, script_bytes((enum side)direction), SCRIPT_BYTES);
    for (unsigned i = 0; i < it->injected_count; i++) {
        if (it->injected[i].direction != direction)
            continue;
        if (it->injected[i].kind == EVENT_FAULT)
            from = it->injected[i].offset;
        else
            to = it->injected[i].offset;
    }
    if (trial->type->mutate == NULL || from >= to)
        return;
    for (size_t i = 0; i < it->session.armed.count; i++)
        if ((it->session.armed.list[i]->directions & 1u << direction) != 0)
            key = it->session.armed.list[i]->key[direction];
    trial->type->mutate(
        trial->proxy.config.faults[0].params, key, from, bytes + from, (size_t)(to - from));
}

static bool adds_or_drops_bytes(const struct fault *fault)
{
    struct action on[2];
    fault_actions_at_trigger(fault, on);
    for (int i = 0; i < 2; i++)
        if (on[i].kind == ACTION_DISCARD || on[i].kind == ACTION_INSERT ||
            on[i].kind == ACTION_LIMIT)
            return true;
    return false;
}

static void bytes_are_conserved(struct trial *trial)
{
    unsigned char want[SCRIPT_BYTES];
    struct memory_session *it = trial->it;
    struct script script = {.piece = 500, .varies = true, .random = trial->random};
    script_play(it, &trial->proxy, &script);
    bool conserves = !adds_or_drops_bytes(&trial->proxy.config.faults[0]);
    for (int d = 0; d < 2 && conserves; d++) {
        const struct memory_endpoint *sink = &it->end[!d];
        bool whole = !ends_or_silences(&trial->proxy.config.faults[0]);
        expect_bytes(trial, (enum direction)d, want);
        if ((whole && sink->out_len != SCRIPT_BYTES) || sink->out_len > SCRIPT_BYTES)
            fail_msg("%s\n%zu bytes of %u went %s\n%s", trial->text, sink->out_len, SCRIPT_BYTES,
                direction_name((enum direction)d), it->log);
        for (size_t at = 0; at < sink->out_len; at++)
            if (sink->out[at] != want[at])
                fail_msg("%s\nbyte %zu is %02x, want %02x\n%s", trial->text, at, sink->out[at],
                    want[at], it->log);
    }
    memory_session_close(it);
}

static void bytes_are_conserved_unless_the_type_says_otherwise(void **state)
{
    (void)state;
    for_every_type(60, 1, bytes_are_conserved);
}

/* --- pieces --- */

static void any_pieces_in_no_time(struct trial *trial)
{
    script_run(trial->it, &trial->proxy, &all_at_once, &trial->want);
    for (unsigned i = 0; i < 25; i++) {
        const size_t piece = i == 0 && trial->round % 4 == 0 ? 1 : i % 8 == 1 ? 20 : 1500;
        const struct script pieces = {.piece = piece, .varies = true, .random = trial->random + i};
        script_run(trial->it, &trial->proxy, &pieces, &trial->got);
        outcome_expect_same(&trial->got, &trial->want, &pieces, trial->text);
    }
}

static void pieces_of_any_size_bring_the_same_bytes_and_events(void **state)
{
    (void)state;
    for_every_type(20, 1, any_pieces_in_no_time);
}

static void pieces_of_any_size_and_three_faults(void **state)
{
    (void)state;
    for_every_type(10, 3, any_pieces_in_no_time);
}

static void any_pieces_at_any_time(struct trial *trial)
{
    if (!script_is_timeless(&trial->proxy))
        return;
    script_run(trial->it, &trial->proxy, &all_at_once, &trial->want);
    for (unsigned i = 0; i < 5; i++) {
        const struct script pieces = {
            .piece = 1000, .varies = true, .gap = US_PER_MS, .random = trial->random + i};
        script_run(trial->it, &trial->proxy, &pieces, &trial->got);
        outcome_expect_same(&trial->got, &trial->want, &pieces, trial->text);
    }
}

static void what_is_no_matter_of_time_does_not_depend_on_it(void **state)
{
    (void)state;
    for_every_type(60, 1, any_pieces_at_any_time);
    for_every_type(60, 2, any_pieces_at_any_time);
}

/* --- draws --- */

static void once_more(struct trial *trial)
{
    script_run(trial->it, &trial->proxy, &all_at_once, &trial->want);
    struct memory_proxy again;
    memory_proxy_init(&again, trial->text);
    script_run(trial->it, &again, &all_at_once, &trial->got);
    memory_proxy_deinit(&again);
    outcome_expect_same(&trial->got, &trial->want, &all_at_once, trial->text);
}

static void the_same_seed_brings_the_same_events(void **state)
{
    (void)state;
    for_every_type(5, 3, once_more);
}

/* Keeps the lines of the faults f0, f1...; the closed event counts the others too. */
static void keep_own_lines(char *log)
{
    char *to = log;
    for (const char *line = log; *line != '\0';) {
        size_t length = strcspn(line, "\n") + 1;
        if (strncmp(line, "fault", 5) == 0 && strstr(line, " f0 ") != NULL &&
            strstr(line, " f0 ") < line + length) {
            memmove(to, line, length);
            to += length;
        }
        line += length;
    }
    *to = '\0';
}

/* A fault that never fires, one of other connections, and one that fires and changes nothing. */
static void with_neighbours(struct trial *trial)
{
    static const char before[] = "[fault never]\ntype = reset\nwhen = bytes:1G\n"
                                 "[fault elsewhere]\ntype = close\nconnections = 999\n";
    static const char behind[] = "[fault idle]\ntype = corrupt\nat = 1G\ndirection = both\n"
                                 "[fault slow]\ntype = slice\nsize = 1G\ndirection = both\n";
    char text[SCRIPT_TEXT_MAX + sizeof before + sizeof behind];
    struct memory_proxy more;
    script_run(trial->it, &trial->proxy, &all_at_once, &trial->want);
    snprintf(text, sizeof text, "%s%s%s", before, trial->text, behind);
    memory_proxy_init(&more, text);
    script_run(trial->it, &more, &all_at_once, &trial->got);
    memory_proxy_deinit(&more);
    keep_own_lines(trial->got.log);
    keep_own_lines(trial->want.log);
    outcome_expect_same(&trial->got, &trial->want, &all_at_once, text);
}

static void another_fault_moves_no_draws(void **state)
{
    (void)state;
    for_every_type(20, 1, with_neighbours);
}

/* The set of 30 connections that a fault is injected in, and what it did to the first bytes. */
static uint64_t connections_hit(const char *text, unsigned seed, unsigned char *first)
{
    char all[1024];
    uint64_t hit = 0;
    struct memory_proxy proxy;
    struct memory_session *it = calloc(1, sizeof *it);
    assert_non_null(it);
    snprintf(all, sizeof all, "[rudeproxy]\nseed = %u\n%s", seed, text);
    memory_proxy_init(&proxy, all);
    memory_session_init(it, CAP);
    for (uint64_t number = 1; number <= 30; number++) {
        struct script script = all_at_once;
        script.connection = number;
        script_play(it, &proxy, &script);
        hit |= it->injected_count > 0 ? UINT64_C(1) << number : 0;
        if (it->injected_count > 0)
            memcpy(first, it->end[SIDE_CLIENT].out, 100);
        memory_session_close(it);
    }
    memory_session_deinit(it);
    memory_proxy_deinit(&proxy);
    free(it);
    return hit;
}

static void a_chance_hits_the_same_connections_with_the_same_seed(void **state)
{
    static const char text[] = "[fault f]\ntype = corrupt\nrate = 10%\nchance = 40%\n";
    unsigned char first[100], again[100], other[100];
    (void)state;
    uint64_t hit = connections_hit(text, 1, first);
    assert_int_equal(connections_hit(text, 1, again), hit);
    assert_memory_equal(again, first, sizeof first);
    assert_int_not_equal(connections_hit(text, 2, other), hit);
    assert_memory_not_equal(other, first, sizeof first);
    assert_in_range(__builtin_popcountll(hit), 5, 20);
}

/* --- the end at any time --- */

static void stopped_inside_every_event(struct trial *trial)
{
    unsigned events = 1;
    for (unsigned k = 0; k < events; k++) {
        struct script script = all_at_once;
        script.piece = 1000;
        trial->it->stop_at = UINT_MAX;
        if (k == 0) {
            script_run(trial->it, &trial->proxy, &script, &trial->got);
            events = trial->it->events;
        }
        trial->it->stop_at = k;
        script_run(trial->it, &trial->proxy, &script, &trial->got);
        trial->it->stop_at = UINT_MAX;
        if (strstr(trial->got.log, "closed") == NULL)
            fail_msg("%s\nstopped at event %u:\n%s", trial->text, k, trial->got.log);
    }
}

static void a_stop_inside_every_event_ends_it_once(void **state)
{
    (void)state;
    for_every_type(20, 2, stopped_inside_every_event);
}

/* From outside, between any two things that the peers do. */
static void stopped_after_some_time(struct trial *trial)
{
    struct memory_session *it = trial->it;
    for (unsigned k = 0; k < 12; k++) {
        memory_session_open(it, &trial->proxy, 1);
        for (unsigned i = 0; i < k && i < 8; i++) {
            memory_session_feed(it, (enum side)(i % 2), script_bytes((enum side)(i % 2)), 400);
            memory_session_advance(it, US_PER_MS);
        }
        if (k >= 9)
            memory_session_feed_fin(it, (enum side)(k % 2));
        if (k >= 10)
            memory_session_feed_rst(it, SIDE_SERVER);
        memory_session_close(it);
    }
}

static void a_stop_between_any_two_actions_ends_it(void **state)
{
    (void)state;
    for_every_type(20, 2, stopped_after_some_time);
}

static void a_reset_of_either_peer_ends_it(struct trial *trial)
{
    struct memory_session *it = trial->it;
    for (unsigned k = 0; k < 4; k++) {
        memory_session_open(it, &trial->proxy, 1);
        memory_session_feed(it, SIDE_CLIENT, script_bytes(SIDE_CLIENT), 1000);
        memory_session_feed(it, SIDE_SERVER, script_bytes(SIDE_SERVER), 1000);
        if (k >= 2)
            memory_session_open_window(it, (enum side)(k % 2), it->end[k % 2].out_len);
        memory_session_feed(it, SIDE_CLIENT, script_bytes(SIDE_CLIENT), 1000);
        memory_session_feed_rst(it, (enum side) !(k % 2));
        memory_session_advance(it, 10 * US_PER_S);
        memory_session_close(it);
    }
}

static void a_reset_is_survived_in_any_state(void **state)
{
    (void)state;
    for_every_type(20, 2, a_reset_of_either_peer_ends_it);
}

static void an_unreachable_upstream_ends_every_fault(struct trial *trial)
{
    struct memory_session *it = trial->it;
    it->refuses = true;
    memory_session_open(it, &trial->proxy, 1);
    for (int i = 0; i < 2; i++) /* as many bytes as an `unread` may wait for */
        memory_session_feed(it, SIDE_CLIENT, script_bytes(SIDE_CLIENT), SCRIPT_BYTES);
    memory_session_advance(it, 10 * US_PER_S);
    if (it->ended != 1)
        fail_msg("%s\nit has not ended\n%s", trial->text, it->log);
    memory_session_close(it);
    it->refuses = false;
}

static void an_unreachable_upstream_ends_it(void **state)
{
    (void)state;
    for_every_type(20, 2, an_unreachable_upstream_ends_every_fault);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_are_conserved_unless_the_type_says_otherwise),
        cmocka_unit_test(pieces_of_any_size_bring_the_same_bytes_and_events),
        cmocka_unit_test(pieces_of_any_size_and_three_faults),
        cmocka_unit_test(what_is_no_matter_of_time_does_not_depend_on_it),
        cmocka_unit_test(the_same_seed_brings_the_same_events),
        cmocka_unit_test(another_fault_moves_no_draws),
        cmocka_unit_test(a_chance_hits_the_same_connections_with_the_same_seed),
        cmocka_unit_test(a_stop_inside_every_event_ends_it_once),
        cmocka_unit_test(a_stop_between_any_two_actions_ends_it),
        cmocka_unit_test(a_reset_is_survived_in_any_state),
        cmocka_unit_test(an_unreachable_upstream_ends_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
