/* SPDX-License-Identifier: MIT */
/*
 * `lossy`: what an application sees of a lossy path. Each burst of the stream is cut into segments.
 * Some of them are lost, and all later bytes wait for the retransmission, as with a TCP that
 * detects losses only by its timer. No byte is lost for good, and no privilege is needed.
 * (`packet_loss` makes the kernel lose real segments.)
 *
 * The offset of a segment's first byte decides whether it is lost. A retransmission always arrives.
 */
#include "proxy/base/min.h"
#include "proxy/base/rng.h"
#include "proxy/fault/types.h"

#define SEGMENT 1448                              /* payload at an MTU of 1500 with timestamps */
#define RETRANSMIT_US (200 * (uint64_t)US_PER_MS) /* Linux' TCP_RTO_MIN */
/* limit of segments in one call, 1.4 MB: bounds the work for each wake-up */
#define STEPS_MAX 1024

struct lossy_params {
    uint64_t rate_ppb;
    uint64_t correlation_ppb;
};
CHECK_PARAMS(struct lossy_params);

struct lossy_state {
    uint64_t burst;   /* offset of the first byte of the burst, plus 1; 0: no burst yet */
    uint64_t sent_to; /* offset up to which every segment was sent and arrived */
    /* When the lost segment at sent_to is sent again. 0: not sent yet. */
    time_us again_at;
    bool lost; /* whether the last segment was lost when it was first sent */
};
CHECK_STATE(struct lossy_state);

static const struct option options[] = {
    {.name = "rate",
        .kind = &option_percentage,
        .offset = offsetof(struct lossy_params, rate_ppb),
        .default_text = "10%",
        .max = PPB_ALL,
        .help = "the probability that a segment (1448 bytes of a burst) is lost once and sent "
                "again 200ms later"},
    {.name = "correlation",
        .kind = &option_percentage,
        .offset = offsetof(struct lossy_params, correlation_ppb),
        .default_text = "0%",
        .max = PPB_ALL,
        .help = "how much the probability of a loss grows directly after a loss"},
    OPTIONS_END,
};

static struct action lossy_fire(const void *params)
{
    (void)params;
    return (struct action){.kind = ACTION_SHAPE, .duration_us = TIME_NEVER};
}

static bool is_lost(
    const struct lossy_params *lossy, bool behind_loss, uint64_t key, uint64_t begin)
{
    uint64_t ppb = lossy->rate_ppb + (behind_loss ? lossy->correlation_ppb : 0);
    return rng_chance(key, begin, min_u64(ppb, PPB_ALL));
}

/* Starts a segment at the first byte of a burst, and where the fault begins. */
static void begin_burst(struct lossy_state *state, const struct gate_view *view)
{
    bool fresh = view->fresh && state->burst != view->head + 1;
    if (fresh)
        state->burst = view->head + 1;
    if (fresh || state->sent_to < view->head)
        state->sent_to = view->head;
}

static uint64_t lossy_gate(
    const void *params, void *memory, const struct gate_view *view, time_us *again)
{
    const struct lossy_params *lossy = params;
    struct lossy_state *state = memory;
    begin_burst(state, view);
    *again = TIME_NEVER;
    for (int step = 0; state->sent_to < view->end && step < STEPS_MAX; step++) {
        if (state->again_at == 0) {
            state->lost = is_lost(lossy, state->lost, view->key, state->sent_to);
            state->again_at = state->lost ? time_add(view->now, RETRANSMIT_US) : 0;
        }
        if (state->again_at > view->now) {
            *again = state->again_at;
            break;
        }
        state->again_at = 0;
        state->sent_to += SEGMENT;
    }
    return state->sent_to;
}

const struct fault_type fault_lossy = {
    .name = "lossy",
    .summary = "loses some segments and sends them again; all later bytes wait for them",
    .group = GROUP_TOXIC,
    .side_rule = SIDE_UNUSED,
    .options = options,
    .params_size = sizeof(struct lossy_params),
    .fire = lossy_fire,
    .gate = lossy_gate,
    .wants_arrivals = true,
    .note = "the seed repeats the random value of each offset, but not where segments begin: a "
            "segment begins with every burst, and bursts depend on when bytes arrive",
    .lasting = true,
};
