/* SPDX-License-Identifier: MIT */
/* `noop`: nothing. It is armed, it fires and it is over, and no byte is any different. */
#include "proxy/fault/types.h"

static const struct option options[] = {
    OPTIONS_END,
};

static struct action fire(const void *params)
{
    (void)params;
    return (struct action){.kind = ACTION_NONE};
}

const struct fault_type fault_noop = {
    .name = "noop",
    .summary = "does nothing",
    .group = GROUP_TOXIC,
    .side_rule = SIDE_UNUSED,
    .options = options,
    .fire = fire,
    .lasting = true,
};
