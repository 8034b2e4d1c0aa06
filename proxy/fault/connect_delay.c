/* SPDX-License-Identifier: MIT */
/*
 * `connect_delay`: accepts a client at once and dials the upstream only after a while, like a load
 * balancer that looks for a backend, or a slow firewall.
 */
#include "proxy/fault/types.h"

struct connect_delay_params {
    uint64_t for_us;
};
CHECK_PARAMS(struct connect_delay_params);

static const struct option options[] = {
    {.name = "for",
        .kind = &option_duration,
        .offset = offsetof(struct connect_delay_params, for_us),
        .required = true,
        .min = 1,
        .help = "the time between the accept and the connect to the server"},
    OPTIONS_END,
};

static struct action connect_delay_fire(const void *params)
{
    const struct connect_delay_params *delay = params;
    return (struct action){.kind = ACTION_DELAY_DIAL, .duration_us = delay->for_us};
}

const struct fault_type fault_connect_delay = {
    .name = "connect_delay",
    .summary = "waits before it connects to the server",
    .group = GROUP_CONNECT,
    .side_rule = SIDE_UNUSED,
    .options = options,
    .params_size = sizeof(struct connect_delay_params),
    .fire = connect_delay_fire,
    .at_accept = true,
};
