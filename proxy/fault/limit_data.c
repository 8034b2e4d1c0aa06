/* SPDX-License-Identifier: MIT */
/*
 * `limit_data`: so many bytes and not one more, then both sides are closed. They are counted from
 * where the fault began, in each direction on its own.
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
        .help = "how many are handed on; 0: the first one that arrives closes both sides"},
    OPTIONS_END,
};

static struct action fire(const void *params)
{
    const struct limit_data_params *limit = params;
    return (struct action){.kind = ACTION_LIMIT, .bytes = limit->bytes, .duration_us = TIME_NEVER};
}

static struct action over(const void *params, enum fault_end_reason why)
{
    (void)params;
    if (why != FAULT_EXPIRED)
        return (struct action){.kind = ACTION_NONE};
    return (struct action){.kind = ACTION_CLOSE_GRACEFUL, .duration_us = CLOSE_LINGER_US};
}

const struct fault_type fault_limit_data = {
    .name = "limit_data",
    .summary = "hands on exactly so many bytes, then closes both sides",
    .group = GROUP_TOXIC,
    .side_rule = SIDE_UNUSED,
    .options = options,
    .params_size = sizeof(struct limit_data_params),
    .fire = fire,
    .over = over,
    .lasting = true,
    .changes_length = true, /* what comes behind the limit is lost */
};
