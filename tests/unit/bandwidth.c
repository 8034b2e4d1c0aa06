/* SPDX-License-Identifier: MIT */
/* `bandwidth`: the rate holds whatever comes late, and what a pause may save. */
#include "tests/unit/hand_flow.h"

#include "proxy/base/units.h"

#define LATE_MAX_US 700 /* a wake-up late by more is rare, even on a busy machine */

/* Sends as fast as the gate lets it for `duration`, waking late by random amounts. */
static uint64_t sent_in(struct flow *flow, time_us duration, uint32_t random)
{
    time_us stop = flow->now + duration;
    uint64_t before = flow->head;
    while (flow->now < stop) {
        flow->count = 0;
        arrive(flow, (8 << 20) - (flow->end - flow->head));
        time_us again = drain(flow);
        assert_true(again != TIME_NEVER);
        flow->now = again + (random == 0 ? 0 : next_random(&random) % LATE_MAX_US);
    }
    return flow->head - before;
}

/* Returns the bytes forwarded in a time, woken as often as a session would be. */
static uint64_t drain_for(struct flow *flow, time_us duration)
{
    time_us stop = flow->now + duration;
    uint64_t before = flow->head;
    for (;;) {
        const struct gate_view view = {.head = flow->head,
            .end = flow->end,
            .now = flow->now,
            .active_since = flow->since,
            .key = flow->key};
        time_us again;
        uint64_t to = flow->fault.type->gate(flow->fault.params, flow->state, &view, &again);
        pass(flow, to - flow->head);
        if (flow->now >= stop)
            return flow->head - before;
        flow->now = to > view.head ? flow->now : time_min(again, stop);
    }
}

static void check_rate(const char *rate, time_us start, uint32_t random)
{
    char keys[64];
    struct err err;
    uint64_t per_s;
    snprintf(keys, sizeof keys, "type = bandwidth\nrate = %s", rate);
    struct flow *flow = flow_new(keys);
    assert_int_equal(units_parse_rate(rate, &per_s, &err), 0);
    flow->now = flow->since = start;
    arrive(flow, 1); /* the queue is never empty again */
    uint64_t sent = sent_in(flow, 2000000, random);
    double error = ((double)sent - 2.0 * (double)per_s) / (2.0 * (double)per_s);
    if (error > 0.01 || error < -0.01)
        fail_msg("%s: %" PRIu64 " in 2 s, off by %.2f%%", rate, sent, error * 100);
    free(flow);
}

static void the_rate_holds_within_one_percent(void **state)
{
    static const char *const rates[] = {
        "10k/s", "10001/s", "64k/s", "1M/s", "10M/s", "123456789/s", "500M/s", "4G/s"};
    (void)state;
    for (size_t i = 0; i < COUNT(rates); i++)
        for (uint32_t random = 0; random < 4; random++)
            check_rate(rates[i], random * 1234567, random);
}

static void the_rate_holds_after_months(void **state)
{
    (void)state;
    check_rate("10k/s", UINT64_C(31536000000000), 1);
    check_rate("500M/s", UINT64_C(31536000000000), 1);
}

/* Long pauses: the arithmetic stays within 64 bits. */
static void a_long_pause_saves_no_more_than_burst(void **state)
{
    static const char *const rates[] = {"1/s", "10k/s", "3G/s", "100G/s"};
    (void)state;
    for (size_t i = 0; i < COUNT(rates); i++) {
        char keys[64];
        uint64_t n;
        snprintf(keys, sizeof keys, "type = bandwidth\nrate = %s\nburst = 1000", rates[i]);
        struct flow *flow = flow_new(keys);
        arrive(flow, 1);
        flow->now = UINT64_C(31536000000000);
        flow->head = flow->begin = flow->end;
        arrive(flow, UINT64_C(1) << 30);
        ask(flow, &n);
        if (n < 900 || n > 1100)
            fail_msg("%s: %" PRIu64 " at once", rates[i], n);
        free(flow);
    }
}

static void there_is_no_credit_at_the_begin(void **state)
{
    struct flow *flow = flow_new("type = bandwidth\nrate = 1000k/s\nburst = 16k");
    uint64_t n;
    (void)state;
    flow->now = flow->since = 5000000;
    arrive(flow, 100000);
    assert_true(ask(flow, &n) > flow->now);
    assert_int_equal(n, 0);
    free(flow);
}

/* A byte at a time at the slowest rate, and never early. */
static void slow_rates_let_single_bytes_go(void **state)
{
    struct flow *flow = flow_new("type = bandwidth\nrate = 3/s\nburst = 1");
    (void)state;
    arrive(flow, 9);
    for (uint64_t byte = 0; byte < 9; byte++) {
        time_us again = drain(flow);
        assert_int_equal(flow->head, byte);
        assert_int_equal(again, ((byte + 1) * 1000000 + 2) / 3);
        flow->now = again;
    }
    assert_true(drain(flow) == TIME_NEVER);
    free(flow);
}

/* The gate may be asked at any time, for any reason. */
static void asking_changes_nothing(void **state)
{
    struct flow *rarely = flow_new("type = bandwidth\nrate = 1M/s");
    struct flow *often = flow_new("type = bandwidth\nrate = 1M/s");
    (void)state;
    rarely->now = often->now = 3000000;
    arrive(rarely, 1 << 20);
    arrive(often, 1 << 20);
    while (rarely->head < rarely->end) {
        time_us again = drain(rarely);
        for (; often->now < rarely->now; often->now += 7)
            drain(often);
        often->now = rarely->now;
        drain(often);
        assert_true(often->head >= rarely->head && often->head <= rarely->head + 256);
        rarely->now = again;
    }
    free(rarely);
    free(often);
}

/* --- a receiver that takes nothing for a while --- */

#define RATE "type = bandwidth\nrate = 1000k/s\nburst = 16k"
#define PER_S (1000 * 1024)

/* The socket takes `n` of the bytes that the gate lets pass now. */
static void take(struct flow *flow, uint64_t n)
{
    uint64_t paid;
    ask(flow, &paid);
    pass(flow, n < paid ? n : paid);
}

static void a_receiver_that_takes_nothing_saves_no_credit(void **state)
{
    struct flow *flow = flow_new(RATE);
    (void)state;
    arrive(flow, 64 << 20);
    drain_for(flow, 1000000);
    flow->now += 1000;
    take(flow, 100);
    flow->now += 4000000;
    uint64_t sent = drain_for(flow, 500000);
    assert_in_range(sent, PER_S / 2, PER_S * 0.76);
    free(flow);
}

/* It is never blocked for long, but takes less than the rate. */
static void a_receiver_that_takes_little_saves_no_credit(void **state)
{
    struct flow *flow = flow_new(RATE);
    (void)state;
    arrive(flow, 64 << 20);
    for (int i = 0; i < 100; i++) {
        flow->now += 100000;
        take(flow, 1000);
    }
    uint64_t sent = drain_for(flow, 500000);
    assert_in_range(sent, PER_S / 2, PER_S * 0.76);
    free(flow);
}

/* Nobody asks while an earlier fault keeps the bytes back. */
static void bytes_that_another_fault_withholds_save_no_credit(void **state)
{
    struct flow *flow = flow_new(RATE);
    (void)state;
    arrive(flow, 64 << 20);
    drain_for(flow, 1000000);
    flow->now += 10000000;
    uint64_t sent = drain_for(flow, 500000);
    assert_in_range(sent, PER_S / 2, PER_S * 0.76);
    free(flow);
}

static void a_late_wake_up_is_made_up(void **state)
{
    struct flow *flow = flow_new(RATE);
    (void)state;
    arrive(flow, 64 << 20);
    for (int i = 0; i < 10; i++) {
        drain_for(flow, 0);
        flow->now += 200000;
    }
    drain_for(flow, 0);
    assert_in_range(flow->head, 2 * PER_S * 0.99, 2 * PER_S);
    free(flow);
}

/* The parameters change while bytes wait, as a live change does it. */
static void a_rate_that_changes_brings_no_burst(void **state)
{
    static const char *const rates[] = {"0/s", "1/s", "99G/s", "3/s", "1000/s"};
    (void)state;
    for (size_t i = 0; i < COUNT(rates); i++) {
        char keys[64];
        uint64_t n;
        snprintf(keys, sizeof keys, "type = bandwidth\nrate = %s\nburst = 1", rates[i]);
        struct flow *flow = flow_new(keys);
        struct fault later = fault_of("type = bandwidth\nrate = 1000k/s\nburst = 1");
        flow->now = flow->since = 5000000;
        arrive(flow, UINT64_C(1) << 40);
        drain_for(flow, 3300000);
        flow->fault = later;
        uint64_t before = flow->head;
        ask(flow, &n);
        assert_in_range(n, 0, 300); /* a quantum */
        uint64_t sent = drain_for(flow, 1000000);
        if (sent < 990 * 1024 || sent > 1010 * 1024)
            fail_msg("%s: %" PRIu64 " a second later, %" PRIu64 " before", rates[i], sent, before);
        free(flow);
    }
}

static void a_shared_rate_is_shared(void **state)
{
    struct flow *flows[3];
    uint32_t random = 7;
    uint64_t sent = 0;
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        flows[i] = flow_new("type = bandwidth\nrate = 10M/s\nscope = proxy");
        flows[i]->state = flows[0]->own_state;
        flows[i]->key += i;
    }
    assert_true(flows[0]->fault.type->shares_state(flows[0]->fault.params));
    time_us again[3] = {0};
    for (time_us now = 0; now < 2000000; now += 50 + next_random(&random) % 200) {
        for (size_t i = 0; i < 3; i++) {
            struct flow *flow = flows[i];
            flow->now = now;
            if (i == 2 && flow->head < flow->end) /* always a message, then nothing for a while */
                continue;
            flow->count = 0;
            if (flow->end - flow->head < 1 << 20)
                arrive(flow, i == 2 ? 100 : 1 << 20);
            if (again[i] > now)
                continue;
            again[i] = drain(flow);
            again[i] = again[i] == TIME_NEVER ? now : again[i] + next_random(&random) % LATE_MAX_US;
        }
    }
    for (size_t i = 0; i < 3; i++)
        sent += flows[i]->head;
    assert_true(flows[0]->head > 1 << 20 && flows[1]->head > 1 << 20);
    assert_in_range(sent, (20 << 20) * 0.99, (20 << 20) * 1.01);
    for (size_t i = 0; i < 3; i++)
        free(flows[i]);
}

static void a_rate_of_each_connection_is_not_shared(void **state)
{
    struct fault fault = fault_of("type = bandwidth\nrate = 1M/s");
    (void)state;
    assert_false(fault.type->shares_state(fault.params));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_rate_holds_within_one_percent),
        cmocka_unit_test(the_rate_holds_after_months),
        cmocka_unit_test(a_long_pause_saves_no_more_than_burst),
        cmocka_unit_test(there_is_no_credit_at_the_begin),
        cmocka_unit_test(slow_rates_let_single_bytes_go),
        cmocka_unit_test(asking_changes_nothing),
        cmocka_unit_test(a_receiver_that_takes_nothing_saves_no_credit),
        cmocka_unit_test(a_receiver_that_takes_little_saves_no_credit),
        cmocka_unit_test(bytes_that_another_fault_withholds_save_no_credit),
        cmocka_unit_test(a_late_wake_up_is_made_up),
        cmocka_unit_test(a_rate_that_changes_brings_no_burst),
        cmocka_unit_test(a_shared_rate_is_shared),
        cmocka_unit_test(a_rate_of_each_connection_is_not_shared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
