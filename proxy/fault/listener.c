/* SPDX-License-Identifier: MIT */
/*
 * `refuse`, `no_accept` and `syn_blackhole`: what can be wrong with a listening socket. They concern
 * no connection, so nothing of the envelope but `active` says when: while it lasts, and of
 * syn_blackhole at most `for` from its start.
 */
#include "proxy/fault/types.h"

struct deaf_params {
    uint64_t for_us;
};
CHECK_PARAMS(struct deaf_params);

static const struct option no_options[] = {OPTIONS_END};

static const struct option deaf_options[] = {
    {.name = "for",
        .kind = &option_duration_or_forever,
        .offset = offsetof(struct deaf_params, for_us),
        .default_text = "forever",
        .min = 1,
        .help = "how long, from the start of `active`"},
    OPTIONS_END,
};

static struct action last(const void *params)
{
    (void)params;
    return (struct action){.kind = ACTION_NONE, .duration_us = TIME_NEVER};
}

static struct action last_for(const void *params)
{
    const struct deaf_params *drop_syns = params;
    return (struct action){.kind = ACTION_NONE, .duration_us = drop_syns->for_us};
}

const struct fault_type fault_refuse = {
    .name = "refuse",
    .summary = "the listening socket is gone: connect() fails with ECONNREFUSED",
    .group = GROUP_CONNECT,
    .side_rule = SIDE_UNUSED,
    .options = no_options,
    .fire = last,
    .listener = LISTENER_CLOSED,
};

const struct fault_type fault_no_accept = {
    .name = "no_accept",
    .summary = "nobody accepts: connections pile up in the backlog, then SYNs go unanswered",
    .group = GROUP_CONNECT,
    .side_rule = SIDE_UNUSED,
    .options = no_options,
    .fire = last,
    .listener = LISTENER_PAUSED,
};

const struct fault_type fault_syn_blackhole = {
    .name = "syn_blackhole",
    .summary = "SYNs vanish unanswered: connect() times out (needs CAP_NET_ADMIN)",
    .group = GROUP_PACKET,
    .side_rule = SIDE_UNUSED,
    .options = deaf_options,
    .params_size = sizeof(struct deaf_params),
    .fire = last_for,
    .listener = LISTENER_DROPS_SYNS,
    .needs_net_admin = true,
};
