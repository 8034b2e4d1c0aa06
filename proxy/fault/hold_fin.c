/* SPDX-License-Identifier: MIT */
/*
 * `hold_fin`: an arriving FIN is not forwarded. The far end keeps waiting, the near end stays in
 * FIN_WAIT2, and the proxy's socket in CLOSE_WAIT: the leak of a program that forgets to close().
 * `slow_close` does this under Toxiproxy's name and key.
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
        .help = "how long the FIN is not forwarded"},
    OPTIONS_END,
};

static const struct option toxic_options[] = {
    {.name = "delay",
        .kind = &option_duration,
        .offset = offsetof(struct hold_fin_params, for_us),
        .required = true,
        .help = "how long after its arrival the FIN is forwarded"},
    OPTIONS_END,
};

static struct action hold_fin_fire(const void *params)
{
    const struct hold_fin_params *hold = params;
    return (struct action){.kind = ACTION_HOLD_FIN, .duration_us = hold->for_us};
}

const struct fault_type fault_hold_fin = {
    .name = "hold_fin",
    .summary = "does not forward a FIN of the direction",
    .group = GROUP_ENDING,
    .side_rule = SIDE_UNUSED,
    .default_directions = BOTH_BITS,
    .options = options,
    .params_size = sizeof(struct hold_fin_params),
    .fire = hold_fin_fire,
    .lasting = true,
};

const struct fault_type fault_slow_close = {
    .name = "slow_close",
    .summary = "forwards a FIN of the direction later than it arrived",
    .group = GROUP_TOXIC,
    .side_rule = SIDE_UNUSED,
    .options = toxic_options,
    .params_size = sizeof(struct hold_fin_params),
    .fire = hold_fin_fire,
    .lasting = true,
};
