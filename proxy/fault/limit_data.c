/* SPDX-License-Identifier: MIT */
/*
 * `limit_data`: forwards an exact number of bytes, then closes both sides. The bytes are counted
 * from where the fault began, for each direction on its own.
 */
#include "proxy/fault/types.h"

struct limit_data_params {
    uint64_t bytes;
};
CHECK_PARAMS(struct limit_data_params);

static const struct option options[] = {
    {.name = "bytes",
        .kind = &option_size,
        .offset = offsetof(struct limit_data_params, bytes),
        .required = true,
        .help = "how many bytes are forwarded; 0: the first byte that arrives closes both sides"},
    OPTIONS_END,
};

static struct action limit_data_fire(const void *params)
{
    const struct limit_data_params *limit = params;
    return (struct action){.kind = ACTION_LIMIT, .bytes = limit->bytes, .duration_us = TIME_NEVER};
}

static struct action limit_data_over(const void *params, enum fault_end_reason why)
{
    (void)params;
    if (why != FAULT_EXPIRED)
        return (struct action){.kind = ACTION_NONE};
    return (struct action){.kind = ACTION_CLOSE_GRACEFUL, .duration_us = CLOSE_LINGER_US};
}

const struct fault_type fault_limit_data = {
    .name = "limit_data",
    .summary = "forwards an exact number of bytes, then closes both sides",
    .group = GROUP_TOXIC,
    .side_rule = SIDE_UNUSED,
    .options = options,
    .params_size = sizeof(struct limit_data_params),
    .fire = limit_data_fire,
    .over = limit_data_over,
    .not_yet = "its limit was not reached",
    .lasting = true,
};
