/* SPDX-License-Identifier: MIT */
/*
 * `hold_fin`: a FIN that arrives is not passed on. The far end waits on, the near end sits in
 * FIN_WAIT2, and our socket in CLOSE_WAIT: the leak of a program that forgets to close().
 */
#include "proxy/fault/types.h"

struct hold_fin_params {
    uint64_t for_us;
};
CHECK_PARAMS(struct hold_fin_params);

static const struct option options[] = {
    {.name = "for",
        .kind = &option_duration_or_forever,
        .offset = offsetof(struct hold_fin_params, for_us),
        .default_text = "forever",
        .min = 1,
        .help = "how long the FIN is held back"},
    OPTIONS_END,
};

static struct action fire(const void *params)
{
    const struct hold_fin_params *hold = params;
    return (struct action){.kind = ACTION_HOLD_FIN, .duration_us = hold->for_us};
}

const struct fault_type fault_hold_fin = {
    .name = "hold_fin",
    .summary = "a FIN that arrives in the direction is not passed on",
    .group = GROUP_ENDING,
    .side_rule = SIDE_UNUSED,
    .default_directions = BOTH_ALL,
    .options = options,
    .params_size = sizeof(struct hold_fin_params),
    .fire = fire,
    .lasting = true,
};
