/* SPDX-License-Identifier: MIT */
/*
 * `lossy`: what an application sees of a lossy path. Each burst of the stream is cut into segments;
 * some of them are lost, and everything from there on waits for the retransmission, as behind a TCP
 * that has only its timer to learn of a loss. No byte is lost for good, and no privilege is needed;
 * `packet_loss` makes the kernel lose real ones.
 *
 * Whether a segment is lost is drawn by the offset of its first byte. A retransmission always arrives.
 */
#include "proxy/base/rng.h"
#include "proxy/fault/types.h"

#define SEGMENT 1448                              /* payload at an MTU of 1500 with timestamps */
#define RETRANSMIT_US (200 * (uint64_t)US_PER_MS) /* Linux' TCP_RTO_MIN */
#define STEPS_MAX 1024 /* segments looked at in one call, 1.4 MB: bounds the work per wake-up */

struct lossy_params {
    uint64_t rate_ppb;
    uint64_t correlation_ppb;
};
CHECK_PARAMS(struct lossy_params);

struct lossy_state {
    uint64_t burst;   /* offset of the byte that began the burst, plus 1; 0: none did */
    uint64_t sent_to; /* offset up to which every segment was sent and arrived */
    time_us
        again_at; /* when the lost one that begins there is sent again; 0: it was not sent yet */
    bool lost;    /* what became of the last segment, when it was sent first */
};
CHECK_STATE(struct lossy_state);

static const struct option options[] = {
    {.name = "rate",
        .kind = &option_percentage,
        .offset = offsetof(struct lossy_params, rate_ppb),
        .default_text = "10%",
        .max = PPB_ALL,
        .help = "how many of the segments, every 1448 bytes of a burst, are lost once and sent "
                "again 200ms later"},
    {.name = "correlation",
        .kind = &option_percentage,
        .offset = offsetof(struct lossy_params, correlation_ppb),
        .default_text = "0%",
        .max = PPB_ALL,
        .help = "how much likelier a loss is right behind another one"},
    OPTIONS_END,
};

static struct action fire(const void *params)
{
    (void)params;
    return (struct action){.kind = ACTION_SHAPE, .duration_us = TIME_NEVER};
}

static bool is_lost(
    const struct lossy_params *lossy, bool behind_loss, uint64_t key, uint64_t begin)
{
    uint64_t ppb = lossy->rate_ppb + (behind_loss ? lossy->correlation_ppb : 0);
    return rng_chance(key, begin, ppb < PPB_ALL ? ppb : PPB_ALL);
}

/* The first byte of a burst begins a segment, and so does the one that the fault begins at. */
static void begin_burst(struct lossy_state *state, const struct gate_view *view)
{
    bool fresh = view->fresh && state->burst != view->head + 1;
    if (fresh)
        state->burst = view->head + 1;
    if (fresh || state->sent_to < view->head)
        state->sent_to = view->head;
}

static uint64_t gate(const void *params, void *memory, const struct gate_view *view, time_us *again)
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
    .summary = "some segments are lost and sent again, and all that follows waits for them",
    .group = GROUP_TOXIC,
    .side_rule = SIDE_UNUSED,
    .options = options,
    .params_size = sizeof(struct lossy_params),
    .fire = fire,
    .gate = gate,
    .lasting = true,
};
