/* SPDX-License-Identifier: MIT */
/*
 * `half_close`: an early FIN towards one side. What was read is delivered before it; the other
 * direction lives on, as after shutdown(SHUT_WR).
 */
#include "proxy/fault/types.h"

static const struct option options[] = {OPTIONS_END};

static struct action fire(const void *params)
{
    (void)params;
    return (struct action){.kind = ACTION_FIN};
}

const struct fault_type fault_half_close = {
    .name = "half_close",
    .summary = "an early FIN towards one side, while the other direction lives on",
    .group = GROUP_ENDING,
    .side_rule = SIDE_REQUIRED,
    .options = options,
    .fire = fire,
};
