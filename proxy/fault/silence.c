/* SPDX-License-Identifier: MIT */
/*
 * `stall` and `blackhole`: nothing is forwarded any more. A stall stops reading: the window closes
 * and the sender blocks. A black hole keeps reading, so the sender notices nothing.
 */
#include "proxy/fault/types.h"

struct silence_params {
    uint64_t for_us;
};
CHECK_PARAMS(struct silence_params);

static const struct option options[] = {
    {.name = "for",
        .kind = &option_duration_or_forever,
        .offset = offsetof(struct silence_params, for_us),
        .default_text = "forever",
        .min = 1,
        .help = "how long the fault lasts"},
    OPTIONS_END,
};

static struct action fire_stall(const void *params)
{
    const struct silence_params *silence = params;
    return (struct action){.kind = ACTION_STOP_READING, .duration_us = silence->for_us};
}

static struct action fire_blackhole(const void *params)
{
    const struct silence_params *silence = params;
    return (struct action){.kind = ACTION_DISCARD, .duration_us = silence->for_us};
}

const struct fault_type fault_stall = {
    .name = "stall",
    .summary = "stops reading: the window closes, and the sender blocks",
    .group = GROUP_FLOW,
    .side_rule = SIDE_UNUSED,
    .options = options,
    .params_size = sizeof(struct silence_params),
    .fire = fire_stall,
    .lasting = true,
};

const struct fault_type fault_blackhole = {
    .name = "blackhole",
    .summary = "reads, acknowledges and drops all bytes",
    .group = GROUP_FLOW,
    .side_rule = SIDE_UNUSED,
    .options = options,
    .params_size = sizeof(struct silence_params),
    .fire = fire_blackhole,
    .lasting = true,
};
