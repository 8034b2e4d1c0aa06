/* SPDX-License-Identifier: MIT */
/*
 * `timeout`: acknowledges and drops arriving bytes, and closes both sides when none has arrived for
 * a while: the server that has forgotten its client, and the idle timer that cleans up. Dropped
 * bytes cannot come back, so ending the fault early also closes both sides.
 */
#include "proxy/fault/types.h"

struct timeout_params {
    uint64_t timeout_us; /* 0: never */
};
CHECK_PARAMS(struct timeout_params);

static const struct option options[] = {
    {.name = "timeout",
        .kind = &option_duration,
        .offset = offsetof(struct timeout_params, timeout_us),
        .default_text = "0s",
        .help = "the time between the last byte and the close of both sides; 0: never"},
    OPTIONS_END,
};

static struct action timeout_fire(const void *params)
{
    const struct timeout_params *timeout = params;
    return (struct action){.kind = ACTION_DISCARD,
        .duration_us = timeout->timeout_us == 0 ? TIME_NEVER : timeout->timeout_us,
        .from_last_byte = true};
}

static struct action timeout_over(const void *params, enum fault_end_reason why)
{
    (void)params;
    (void)why;
    return (struct action){.kind = ACTION_CLOSE_GRACEFUL, .duration_us = CLOSE_LINGER_US};
}

const struct fault_type fault_timeout = {
    .name = "timeout",
    .summary = "drops arriving bytes, and closes both sides after a time without any",
    .group = GROUP_TOXIC,
    .side_rule = SIDE_UNUSED,
    .options = options,
    .params_size = sizeof(struct timeout_params),
    .fire = timeout_fire,
    .over = timeout_over,
    .lasting = true,
};
