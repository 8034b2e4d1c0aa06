/* SPDX-License-Identifier: MIT */
/*
 * `vanish`: removes the socket without sending anything (close() in TCP_REPAIR mode, tcp(7)). The
 * peer notices when its next segment is answered with a RST: the stale connection of a pool, the
 * rebooted host, the NAT that forgot.
 */
#include "proxy/fault/types.h"

static const struct option options[] = {OPTIONS_END};

static struct action vanish_fire(const void *params)
{
    (void)params;
    return (struct action){.kind = ACTION_VANISH};
}

const struct fault_type fault_vanish = {
    .name = "vanish",
    .summary = "removes the socket without a FIN or a RST (needs CAP_NET_ADMIN)",
    .group = GROUP_ENDING,
    .side_rule = SIDE_REQUIRED,
    .takes_other = true,
    .options = options,
    .fire = vanish_fire,
    .needs_net_admin = true,
};
