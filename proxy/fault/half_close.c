/* SPDX-License-Identifier: MIT */
/*
 * `half_close`: an early FIN to one side. Bytes already read are delivered before it. The other
 * direction continues, as after shutdown(SHUT_WR).
 */
#include "proxy/fault/types.h"

static const struct option options[] = {OPTIONS_END};

static struct action half_close_fire(const void *params)
{
    (void)params;
    return (struct action){.kind = ACTION_FIN};
}

const struct fault_type fault_half_close = {
    .name = "half_close",
    .summary = "sends an early FIN to one side; the other direction continues",
    .group = GROUP_ENDING,
    .side_rule = SIDE_REQUIRED,
    .options = options,
    .fire = half_close_fire,
};
