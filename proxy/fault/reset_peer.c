/* SPDX-License-Identifier: MIT */
/*
 * `reset_peer`: from the start nothing of the direction is passed on, not even its FIN, and after a
 * while both sides get a RST, whether anything was sent or not. Bytes still queued in the kernel are
 * lost, as in real life. Ended before its time, it has only dropped what came.
 */
#include "proxy/fault/types.h"

struct reset_peer_params {
    uint64_t timeout_us;
};
CHECK_PARAMS(struct reset_peer_params);

static const struct option options[] = {
    {.name = "timeout",
        .kind = &option_duration,
        .offset = offsetof(struct reset_peer_params, timeout_us),
        .default_text = "0s",
        .help = "how long to wait for the RST; what arrives meanwhile is dropped"},
    OPTIONS_END,
};

static struct action fire(const void *params)
{
    const struct reset_peer_params *reset = params;
    return (struct action){
        .kind = ACTION_DISCARD, .duration_us = reset->timeout_us, .holds_fin = true};
}

static struct action over(const void *params, enum fault_end_reason why)
{
    (void)params;
    return (struct action){.kind = why == FAULT_EXPIRED ? ACTION_RESET_ABRUPT : ACTION_NONE};
}

const struct fault_type fault_reset_peer = {
    .name = "reset_peer",
    .summary = "drops what arrives, and resets both sides after a while",
    .group = GROUP_TOXIC,
    .side_rule = SIDE_UNUSED,
    .options = options,
    .params_size = sizeof(struct reset_peer_params),
    .fire = fire,
    .over = over,
    .lasting = true,
    .changes_length = true,
};
