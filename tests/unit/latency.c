/* SPDX-License-Identifier: MIT */
/* `latency`: when each byte leaves, what the jitter is, and that throughput is not cut. */
#include "tests/unit/hand_flow.h"

static void every_byte_leaves_exactly_delay_after_it_arrived(void **state)
{
    struct flow *flow = flow_new("type = latency\ndelay = 10ms");
    uint32_t random = 1;
    time_us next = 0, again = TIME_NEVER;
    (void)state;
    while (flow->count < 2000 || flow->head < flow->end) {
        flow->now = flow->count < 2000 ? time_min(next, again) : again;
        if (flow->now == next && flow->count < 2000) {
            arrive(flow, 1 + next_random(&random) % 5000);
            next += 1 + next_random(&random) % 3000;
        }
        uint64_t before = flow->head;
        again = drain(flow);
        for (size_t i = 0; i < flow->count; i++)
            if (flow->arrivals[i].end > before && flow->arrivals[i].end <= flow->head)
                assert_int_equal(flow->now, flow->arrivals[i].at + 10000);
    }
    free(flow);
}

/* One burst of `bytes` at once: when each block of it left, asked at every release and also at
 * random moments in between. Returns their number. */
static size_t release_blocks(
    const char *keys, uint64_t bytes, time_us *left, size_t most, uint32_t random)
{
    struct flow *flow = flow_new(keys);
    size_t blocks = 0;
    flow->now = 1000;
    arrive(flow, bytes);
    while (flow->head < flow->end) {
        time_us again = drain(flow);
        for (; blocks < most && blocks * 1448 < flow->head; blocks++)
            left[blocks] = flow->now;
        flow->now = random == 0 ? again : time_min(again, flow->now + next_random(&random) % 500);
    }
    free(flow);
    return blocks;
}

static void jitter_is_drawn_for_every_block_of_a_burst(void **state)
{
    static const char *const distributions[] = {"uniform", "normal", "pareto"};
    (void)state;
    for (size_t i = 0; i < COUNT(distributions); i++) {
        time_us left[200], asked_often[200];
        char keys[128];
        size_t changes = 0;
        snprintf(keys, sizeof keys, "type = latency\ndelay = 50ms\njitter = 5ms\ndistribution = %s",
            distributions[i]);
        assert_int_equal(release_blocks(keys, 200 * 1448, left, 200, 0), 200);
        assert_int_equal(release_blocks(keys, 200 * 1448, asked_often, 200, 9), 200);
        assert_memory_equal(left, asked_often, sizeof left);
        for (size_t block = 1; block < 200; block++) {
            assert_true(left[block] >= left[block - 1]);
            changes += left[block] != left[block - 1];
        }
        assert_true(changes > 2);
        assert_true(left[0] > 1000 + 50000 - 5000 * 7);
        if (i == 0)
            assert_true(left[199] > 1000 + 54000 && left[199] <= 1000 + 55000);
    }
}

/* A message each time the queue is empty: what one byte alone sees of the distribution. */
static void jitter_has_its_distribution(void **state)
{
    static const struct {
        const char *name;
        double deviation, slack;
        time_us least, most; /* of the delay */
    } cases[] = {
        {"uniform", 5000 / 1.7320508, 50, 45000, 55000},
        {"normal", 5000, 100, 50000 - 31000, 50000 + 31000},
        {"pareto", 5000, 1200, 50000 - 2900, 50000 + 500000},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char keys[128];
        double sum = 0, squares = 0;
        int rounds = 20000;
        snprintf(keys, sizeof keys, "type = latency\ndelay = 50ms\njitter = 5ms\ndistribution = %s",
            cases[i].name);
        struct flow *flow = flow_new(keys);
        for (int round = 0; round < rounds; round++) {
            time_us began = flow->now;
            flow->count = 0;
            arrive(flow, 1);
            for (time_us again; (again = drain(flow)) != TIME_NEVER;)
                flow->now = again;
            time_us delay = flow->now - began;
            assert_in_range(delay, cases[i].least, cases[i].most);
            sum += (double)delay;
            squares += (double)delay * (double)delay;
        }
        double mean = sum / rounds, variance = squares / rounds - mean * mean;
        double least = cases[i].deviation - cases[i].slack,
               most = cases[i].deviation + cases[i].slack;
        if (mean < 49850 || mean > 50150 || variance < least * least || variance > most * most)
            fail_msg("%s: mean %.0f, variance %.0f", cases[i].name, mean, variance);
        free(flow);
    }
}

static void a_delay_below_zero_is_none(void **state)
{
    struct flow *flow = flow_new("type = latency\ndelay = 0\njitter = 1ms");
    int at_once = 0;
    (void)state;
    for (int round = 0; round < 1000; round++) {
        time_us began = flow->now;
        flow->count = 0;
        arrive(flow, 1);
        for (time_us again; (again = drain(flow)) != TIME_NEVER;)
            flow->now = again;
        assert_true(flow->now <= began + 1000);
        at_once += flow->now == began;
    }
    assert_in_range(at_once, 400, 600);
    free(flow);
}

/* 100 MB/s for two seconds, in reads of any size: the end leaves one delay after it came. */
static void latency_does_not_cut_throughput(void **state)
{
    struct flow *flow = flow_new("type = latency\ndelay = 100ms\njitter = 1ms");
    uint64_t came = 0;
    (void)state;
    for (time_us t = 0; t < 2000000; t += 500) {
        flow->now = t;
        if (flow->count == ARRIVALS_MAX) {
            memmove(flow->arrivals, flow->arrivals + 2048, 2048 * sizeof flow->arrivals[0]);
            flow->count -= 2048;
        }
        arrive(flow, 50000);
        came += 50000;
        drain(flow);
    }
    assert_in_range(came - flow->head, 99 * 100000, 102 * 100000);
    for (time_us again; (again = drain(flow)) != TIME_NEVER;)
        flow->now = again;
    assert_in_range(flow->now, 2000000, 2000000 + 101000);
    free(flow);
}

/* A socket that does not take what is due must not make every wake-up walk over all of it. */
static void a_long_queue_is_walked_in_steps(void **state)
{
    struct flow *flow = flow_new("type = latency\ndelay = 1ms\njitter = 1us");
    uint64_t n;
    (void)state;
    arrive(flow, 64 << 20);
    flow->now = 1000000;
    assert_true(ask(flow, &n) == TIME_NEVER);
    assert_in_range(n, 1 << 20, 2 << 20);
    assert_true(drain(flow) == TIME_NEVER);
    assert_true(flow->head == flow->end);
    free(flow);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_byte_leaves_exactly_delay_after_it_arrived),
        cmocka_unit_test(jitter_is_drawn_for_every_block_of_a_burst),
        cmocka_unit_test(jitter_has_its_distribution),
        cmocka_unit_test(a_delay_below_zero_is_none),
        cmocka_unit_test(latency_does_not_cut_throughput),
        cmocka_unit_test(a_long_queue_is_walked_in_steps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
