/* SPDX-License-Identifier: MIT */
/*
 * Packet filters follow what is in force. A fault that is changed counts once. And any faults that
 * neither end a connection nor change its bytes, added, changed and removed at any byte and any
 * time: the bytes that are sent are received, and when the last fault is gone they move as at
 * first.
 */
#include "tests/unit/adoption_fixture.h"

#include "proxy/base/rng.h"
#include "proxy/relay/shaping.h"
#include "tests/lib/random_fault.h"

#define SLOTS 5
#define STEPS 60

/* A fault that neither ends the connection nor changes a byte, of any type that does not. */
static bool draw_harmless(uint64_t *random, const char *name, char *text, size_t size)
{
    static const char *const letters[] = {"a", "b", "\\x00", NULL};
    const struct random_range range = {
        .bytes = 100000, .duration_us = 2 * US_PER_S, .letters = letters};
    size_t types = 0;
    struct config config;
    struct action on[2];
    while (fault_catalogue[types] != NULL)
        types++;
    const struct fault_type *type = fault_catalogue[random_below(random, types)];
    if (type->mutate != NULL || type->listener != LISTENER_OPEN)
        return false;
    size_t used = (size_t)snprintf(text, size, "[fault %s]\n", name);
    random_fault_write(type, &range, random, text + used, size - used);
    if (memory_config_read(&config, text) != 0)
        return false;
    fault_actions_at_trigger(&config.faults[0], on);
    bool harmless = true;
    for (int i = 0; i < 2; i++)
        harmless = harmless && !action_is_ending(on[i].kind) && on[i].kind != ACTION_FIN &&
                   on[i].kind != ACTION_DISCARD && on[i].kind != ACTION_INSERT &&
                   on[i].kind != ACTION_LIMIT;
    config_free(&config);
    return harmless;
}

static void change_some(void **state, uint64_t *random, char slots[SLOTS][1024])
{
    static char text[SLOTS * 1024 + 1];
    char name[3] = "f0";
    for (unsigned i = 0; i < SLOTS; i++) {
        if (random_below(random, 3) != 0)
            continue;
        name[1] = (char)('0' + i);
        slots[i][0] = '\0';
        while (random_below(random, 4) != 0 && !draw_harmless(random, name, slots[i], 1024))
            slots[i][0] = '\0';
        if (strlen(slots[i]) < 12)
            slots[i][0] = '\0';
    }
    size_t used = 0;
    text[0] = '\0';
    for (unsigned i = 0; i < SLOTS; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s", slots[i]);
    adopt(state, text);
}

static void do_something(struct memory_session *it, uint64_t *random)
{
    enum side side = (enum side)random_below(random, 2);
    size_t most = random_below(random, 4) == 0 ? 70000 : 500;
    switch (random_below(random, 4)) {
    case 0:
        memory_session_advance(it, random_below(random, 300 * US_PER_MS));
        break;
    case 1:
        memory_session_open_window(
            it, side, arrived(it, side) + random_below(random, 2 * most) + 1);
        break;
    default:
        feed(it, side, 1 + random_below(random, most));
        break;
    }
}

static void what_goes_in_comes_out_whatever_is_adopted(void **state)
{
    static char slots[SLOTS][1024];
    struct fixture *fixture = *state;
    struct memory_session *it = &fixture->it;
    unsigned held = 0;
    for (uint64_t seed = 1; seed <= 150; seed++) {
        uint64_t random = seed * 7919;
        memset(slots, 0, sizeof slots);
        open_spliced(state, "");
        for (unsigned step = 0; step < STEPS; step++) {
            do_something(it, &random);
            if (step % 3 == 2)
                change_some(state, &random, slots);
        }
        held += arrived(it, SIDE_CLIENT) < it->end[SIDE_SERVER].in_len;
        memory_session_open_window(it, SIDE_CLIENT, SIZE_MAX);
        memory_session_open_window(it, SIDE_SERVER, SIZE_MAX);
        adopt(state, "");
        for (int side = 0; side < 2; side++) {
            uint64_t spliced = it->splice_pipes.spliced;
            feed(it, (enum side)side, 2 * BLOCK);
            assert_null(it->session.flow[side].shaping);
            assert_in_range(it->splice_pipes.spliced, spliced + BLOCK, UINT64_MAX);
            memory_session_expect(it, (enum side) !side, pattern, it->end[side].in_len);
        }
        memory_session_feed_fin(it, SIDE_CLIENT);
        memory_session_feed_fin(it, SIDE_SERVER);
        assert_int_equal(it->ended, 1);
        assert_int_equal(it->cause, CAUSE_CLIENT_FIN);
        close_it(state);
    }
    assert_in_range(held, 50, 150); /* else the faults did nothing */
}

static void filters_are_taken_off(void **state)
{
    struct memory_session *it =
        open_with(state, F "type = packet_loss\nside = client\nrate = 10%\n");
    assert_int_equal(it->end[SIDE_CLIENT].filter_count, 1);
    adopt(state, F "type = packet_loss\nside = client\nrate = 20%\n");
    assert_int_equal(it->end[SIDE_CLIENT].filter_count, 1);
    assert_int_equal(it->end[SIDE_CLIENT].filters[0].loss_ppb, 200000000);
    adopt(state, "");
    assert_int_equal(it->end[SIDE_CLIENT].filter_count, 0);
    close_it(state);
}

static void expect_lost(struct memory_session *it)
{
    assert_in_range(it->end[SIDE_CLIENT].filter_count, 1, ENDPOINT_FILTERS_MAX);
    assert_int_equal(it->end[SIDE_CLIENT].filters[0].loss_ppb, PPB_ALL);
    assert_int_equal(it->end[SIDE_CLIENT].filters[0].only, PACKET_DATA);
}

/* The client does not acknowledge what it got, so its socket vanishes later; until then its data is
 * lost, whatever other filters begin and end. */
static void what_vanishes_stays_lost_when_a_loss_ends(void **state)
{
    struct memory_session *it =
        open_with(state, F "type = packet_loss\nside = client\nrate = 10%\nuntil = time:50ms\n"
                           "[fault v]\ntype = vanish\nside = client\nwhen = time:10ms\n");
    memory_session_open_window(it, SIDE_CLIENT, 0);
    memory_session_feed(it, SIDE_SERVER, "x", 1);
    assert_int_equal(it->end[SIDE_CLIENT].filter_count, 1);
    memory_session_advance(it, 20 * US_PER_MS);
    expect_lost(it);
    memory_session_advance(it, 40 * US_PER_MS);
    expect_lost(it);
    close_it(state);
}

/* It fired in one direction only, and is made anew for both. */
static void a_fault_that_fired_in_one_direction_counts_once(void **state)
{
    const struct fixture *fixture = *state;
    struct memory_session *it =
        open_with(state, F "type = latency\ndirection = both\nwhen = bytes:100\ndelay = 1ms\n");
    feed(it, SIDE_SERVER, 100);
    memory_session_advance(it, 1 * US_PER_MS);
    adopt(state, F "type = latency\ndirection = both\nwhen = bytes:200\ndelay = 1ms\n");
    feed(it, SIDE_SERVER, 200);
    feed(it, SIDE_CLIENT, 200);
    memory_session_advance(it, 1 * US_PER_MS);
    assert_int_equal(fixture->proxy.plan->rules[0]->fault_counter->fired, 1);
    close_it(state);
}

/* A fault without a gate needs no bytes, until its `until` is a match. */
static void an_until_that_becomes_a_match_is_looked_for(void **state)
{
    static const char *const keys[] = {"type = noop\n", "type = limit_data\nbytes = 1000\n",
        "type = hold_fin\ndirection = downstream\n",
        "type = packet_loss\nside = client\nrate = 1%\n"};
    for (size_t i = 0; i < COUNT(keys); i++) {
        char text[256];
        snprintf(text, sizeof text, F "%suntil = bytes:500\n", keys[i]);
        struct memory_session *it = open_spliced(state, text);
        say(it, "no E");
        snprintf(text, sizeof text, F "%suntil = match:\"END\"\n", keys[i]);
        adopt(state, text);
        say(it, "ND yet, EN");
        assert_int_equal(it->session.armed.list[0]->phase, ARMED_ACTIVE);
        say(it, "D.");
        assert_int_equal(it->session.armed.list[0]->phase, ARMED_DONE);
        expect(it, "no END yet, END.");
        close_it(state);
    }
}

static void a_fault_that_is_disabled_and_enabled_counts_once(void **state)
{
    static const char *const keys[] = {"type = latency\ndelay = 1ms\ntimes = 1\n",
        "type = latency\ndelay = 1ms\ntimes = 1\ndirection = both\n",
        "type = inject\ndata = \"*\"\ntimes = 1\nwhen = bytes:0\n"};
    for (size_t i = 0; i < COUNT(keys); i++) {
        char disabled[256], enabled[256];
        snprintf(enabled, sizeof enabled, F "%s", keys[i]);
        snprintf(disabled, sizeof disabled, F "%senabled = no\n", keys[i]);
        struct memory_session *it = open_with(state, enabled);
        for (int n = 0; n < 3; n++) {
            adopt(state, disabled);
            say(it, "x");
            assert_int_equal(it->end[SIDE_CLIENT].out_len, it->end[SIDE_SERVER].in_len + (i == 2));
            adopt(state, enabled);
        }
        const struct fixture *fixture = *state;
        const struct fault_counter *counter = fixture->proxy.plan->rules[0]->fault_counter;
        assert_int_equal(counter->armed, 1);
        assert_int_equal(counter->fired, 1);
        assert_true(i == 2 || it->session.armed.list[0]->phase == ARMED_ACTIVE);
        close_it(state);
    }
}

/* Bytes move as on a connection that never had one, beside another delay too. */
static void a_disabled_fault_costs_nothing(void **state)
{
    static const char *const keys[] = {"type = latency\ndelay = 0s\n",
        "type = corrupt\nat = 5000000\n", "type = stall\nwhen = match:\"never\"\n"};
    for (size_t i = 0; i < COUNT(keys); i++) {
        char disabled[256], enabled[256];
        snprintf(enabled, sizeof enabled, F "%s", keys[i]);
        snprintf(disabled, sizeof disabled, F "%senabled = no\n", keys[i]);
        struct memory_session *it = open_spliced(state, enabled);
        adopt(state, disabled);
        uint64_t spliced = it->splice_pipes.spliced;
        feed(it, SIDE_SERVER, 2 * BLOCK);
        assert_null(it->session.flow[DIRECTION_DOWNSTREAM].shaping);
        assert_in_range(it->splice_pipes.spliced, spliced + BLOCK, UINT64_MAX);
        snprintf(disabled, sizeof disabled, F "%senabled = no\n" G "type = latency\ndelay = 0s\n",
            keys[i]);
        adopt(state, disabled);
        assert_true(it->session.flow[DIRECTION_DOWNSTREAM].shaping->only_delays);
        adopt(state, enabled);
        assert_non_null(it->session.flow[DIRECTION_DOWNSTREAM].shaping);
        close_it(state);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(filters_are_taken_off),
        TEST(what_vanishes_stays_lost_when_a_loss_ends),
        TEST(what_goes_in_comes_out_whatever_is_adopted),
        TEST(a_fault_that_fired_in_one_direction_counts_once),
        TEST(a_fault_that_is_disabled_and_enabled_counts_once),
        TEST(a_disabled_fault_costs_nothing),
        TEST(an_until_that_becomes_a_match_is_looked_for),
    };
    fill_pattern();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
