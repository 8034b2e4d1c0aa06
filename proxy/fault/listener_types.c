/* SPDX-License-Identifier: MIT */
/*
 * `refuse`, `no_accept` and `syn_blackhole`: faults of a listening socket. They act on no
 * connection, so of the common keys only `active`, `after` and `for` decide when: during `active`,
 * once the fault of `after` has fired, and at most `for` from then.
 */
#include "proxy/fault/types.h"

struct listener_params {
    uint64_t for_us;
};
CHECK_PARAMS(struct listener_params);

static const struct option options[] = {
    {.name = "for",
        .kind = &option_duration_or_forever,
        .offset = offsetof(struct listener_params, for_us),
        .default_text = "forever",
        .min = 1,
        .help =
            "how long the fault lasts, from the start of active (without active: of the run), or "
            "from the moment when the fault of after fired"},
    OPTIONS_END,
};

static struct action last_for(const void *params)
{
    const struct listener_params *listener = params;
    return (struct action){.kind = ACTION_NONE, .duration_us = listener->for_us};
}

const struct fault_type fault_refuse = {
    .name = "refuse",
    .summary = "closes the listening socket: connect() fails with ECONNREFUSED",
    .group = GROUP_CONNECT,
    .side_rule = SIDE_UNUSED,
    .options = options,
    .params_size = sizeof(struct listener_params),
    .fire = last_for,
    .listener = LISTENER_CLOSED,
};

const struct fault_type fault_no_accept = {
    .name = "no_accept",
    .summary =
        "does not accept: connections wait in the backlog, and when it is full, SYNs get no answer",
    .group = GROUP_CONNECT,
    .side_rule = SIDE_UNUSED,
    .options = options,
    .params_size = sizeof(struct listener_params),
    .fire = last_for,
    .listener = LISTENER_PAUSED,
};

const struct fault_type fault_syn_blackhole = {
    .name = "syn_blackhole",
    .summary = "drops SYNs: connect() times out (needs CAP_NET_ADMIN)",
    .group = GROUP_PACKET,
    .side_rule = SIDE_UNUSED,
    .options = options,
    .params_size = sizeof(struct listener_params),
    .fire = last_for,
    .listener = LISTENER_DROPS_SYNS,
    .needs_net_admin = true,
};
