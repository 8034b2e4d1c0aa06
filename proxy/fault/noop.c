/* SPDX-License-Identifier: MIT */
/* `noop`: does nothing. It is armed, fires and ends, and no byte changes. */
#include "proxy/fault/types.h"

static const struct option options[] = {
    OPTIONS_END,
};

static struct action noop_fire(const void *params)
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
    .fire = noop_fire,
    .lasting = true,
};
