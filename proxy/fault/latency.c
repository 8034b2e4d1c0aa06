/* SPDX-License-Identifier: MIT */
/*
 * `latency`: every byte is forwarded `delay` after it arrived. The gate stops at the first byte
 * that is not due, so the order stays. Bytes wait in parallel, so the throughput stays.
 *
 * With jitter, bytes that arrived together are cut into blocks of one Ethernet segment, counted
 * from the start of their burst. Each block has its own draw, indexed by its offset. So a draw
 * depends neither on the size of a read nor on the time of a call.
 */
#include "proxy/base/rng.h"
#include "proxy/fault/types.h"

#define BLOCK 1448     /* payload of a segment at an MTU of 1500 with timestamps */
#define STEPS_MAX 1024 /* limit of blocks in one call, 1.4 MB: bounds the work for each wake-up */

enum { DISTRIBUTION_UNIFORM, DISTRIBUTION_NORMAL, DISTRIBUTION_PARETO };

struct latency_params {
    uint64_t delay_us;
    uint64_t jitter_us;
    int distribution;
};
CHECK_PARAMS(struct latency_params);

struct latency_state {
    uint64_t burst; /* offset of the first byte of the burst */
};
CHECK_STATE(struct latency_state);

static const char *const distributions[] = {"uniform", "normal", "pareto", NULL};

#define HOUR_US (3600 * (uint64_t)US_PER_S)

static bool has_jitter(const void *base)
{
    const struct latency_params *latency = base;
    return latency->jitter_us != 0;
}

static const struct option options[] = {
    {.name = "delay",
        .kind = &option_duration,
        .offset = offsetof(struct latency_params, delay_us),
        .required = true,
        .max = HOUR_US, /* every microsecond is exact in a double */
        .help =
            "the time between the arrival of a byte and its forwarding; several latencies add up"},
    {.name = "jitter",
        .kind = &option_duration,
        .offset = offsetof(struct latency_params, jitter_us),
        .default_text = "0s",
        .max = HOUR_US,
        .help = "how far the delay varies, one random value for every 1448 bytes of a burst; a "
                "delay below 0 counts as 0"},
    {.name = "distribution",
        .applies = has_jitter,
        .misuse = "distribution has no effect without jitter, leave it out or write jitter = 10ms",
        .kind = &option_choice,
        .offset = offsetof(struct latency_params, distribution),
        .default_text = "uniform",
        .choices = distributions,
        .help = "the distribution of the jitter; uniform: from delay - jitter to delay + jitter; "
                "normal, pareto (shape 3: a few bytes come very late): around delay, with a "
                "standard deviation of jitter"},
    OPTIONS_END,
};

static struct action latency_fire(const void *params)
{
    (void)params;
    return (struct action){.kind = ACTION_SHAPE, .duration_us = TIME_NEVER};
}

/* Rounds towards 0, as a cast does. */
static int64_t scale(double draw, uint64_t jitter_us)
{
    return (int64_t)(draw * (double)jitter_us);
}

static int64_t draw_jitter(const struct latency_params *latency, uint64_t key, uint64_t index)
{
    uint64_t jitter_us = latency->jitter_us;
    switch (latency->distribution) {
    case DISTRIBUTION_NORMAL:
        return scale(rng_normal(key, index), jitter_us);
    case DISTRIBUTION_PARETO:
        return scale(rng_pareto(key, index), jitter_us);
    default:
        return (int64_t)rng_below(key, index, 2 * jitter_us + 1) - (int64_t)jitter_us;
    }
}

static uint64_t delay_of_block(const struct latency_params *latency, uint64_t key, uint64_t block)
{
    int64_t delay_us = (int64_t)latency->delay_us;
    if (latency->jitter_us > 0)
        delay_us += draw_jitter(latency, key, block);
    return delay_us > 0 ? (uint64_t)delay_us : 0;
}

static time_us departure_time(const void *params, const void *memory, uint64_t key, uint64_t offset,
    time_us came, uint64_t *until)
{
    const struct latency_params *latency = params;
    const struct latency_state *state = memory;
    uint64_t block = offset - (offset - state->burst) % BLOCK;
    if (latency->jitter_us > 0 && *until - block > BLOCK)
        *until = block + BLOCK;
    return time_add(came, delay_of_block(latency, key, block));
}

static uint64_t latency_gate(
    const void *params, void *memory, const struct gate_view *view, time_us *again)
{
    struct latency_state *state = memory;
    uint64_t at = view->head;
    if (view->fresh)
        state->burst = view->head;
    *again = TIME_NEVER;
    for (int step = 0; at < view->end && step < STEPS_MAX; step++) {
        uint64_t until;
        time_us came = view->arrived(view, at, &until);
        time_us due = departure_time(params, state, view->key, at, came, &until);
        if (due > view->now) {
            *again = due;
            break;
        }
        at = until;
    }
    return at;
}

const struct fault_type fault_latency = {
    .name = "latency",
    .summary = "delays every byte; the order and the throughput stay the same",
    .group = GROUP_FLOW,
    .side_rule = SIDE_UNUSED,
    .options = options,
    .params_size = sizeof(struct latency_params),
    .fire = latency_fire,
    .gate = latency_gate,
    .departure_time = departure_time,
    .wants_arrivals = true,
    .lasting = true,
};
