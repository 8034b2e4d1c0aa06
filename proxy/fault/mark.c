/* SPDX-License-Identifier: MIT */
/* `mark`: does nothing to the connection. Its event is in the log, and `after` may name it. */
#include "proxy/fault/types.h"

static const struct option options[] = {
    OPTIONS_END,
};

static struct action mark_fire(const void *params)
{
    (void)params;
    return (struct action){.kind = ACTION_NONE};
}

const struct fault_type fault_mark = {
    .name = "mark",
    .summary = "changes nothing, writes an event, and arms the faults that name it in `after`",
    .group = GROUP_MARK,
    .side_rule = SIDE_UNUSED,
    .only_watches = true,
    .options = options,
    .fire = mark_fire,
};
