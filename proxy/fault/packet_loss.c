/* SPDX-License-Identifier: MIT */
/*
 * `packet_loss`: segments that arrive from a side are dropped before the kernel's TCP sees them, by
 * a classic BPF filter on the socket. Nothing acknowledges them, so the sender retransmits. Losing
 * all of them is a partition, some a bad line, large ones a path with a too small MTU.
 */
#include "proxy/fault/types.h"

struct packet_loss_params {
    uint64_t rate_ppb;
    uint64_t larger_than;
    int only;
    uint64_t for_us;
};
CHECK_PARAMS(struct packet_loss_params);

static const char *const onlys[] = {"all", "fin", "rst", "data", NULL};

static bool loses_data(const void *base)
{
    const struct packet_loss_params *loss = base;
    return loss->only != PACKET_RST;
}

static const struct option options[] = {
    {.name = "rate",
        .kind = &option_percentage,
        .offset = offsetof(struct packet_loss_params, rate_ppb),
        .default_text = "100%",
        .min = 1,
        .max = 1000000000,
        .help = "the probability that a segment is lost"},
    {.name = "larger_than",
        .applies = loses_data,
        .misuse = "larger_than has no effect with only = rst, a RST carries no data; leave it out",
        .kind = &option_size,
        .offset = offsetof(struct packet_loss_params, larger_than),
        .default_text = "0",
        .max = 65535, /* largest IP packet */
        .help = "only segments with more bytes of data than this; 0: also segments without data"},
    {.name = "only",
        .kind = &option_choice,
        .offset = offsetof(struct packet_loss_params, only),
        .default_text = "all",
        .choices = onlys,
        .help = "only segments with a FIN, with a RST, or with data"},
    {.name = "for",
        .kind = &option_duration_or_forever,
        .offset = offsetof(struct packet_loss_params, for_us),
        .default_text = "forever",
        .min = 1,
        .help = "how long the fault lasts"},
    OPTIONS_END,
};

static struct action packet_loss_fire(const void *params)
{
    const struct packet_loss_params *loss = params;
    return (struct action){.kind = ACTION_FILTER,
        .duration_us = loss->for_us,
        .filter = {.loss_ppb = loss->rate_ppb,
            .larger_than = loss->larger_than,
            .only = (enum packet_only)loss->only}};
}

const struct fault_type fault_packet_loss = {
    .name = "packet_loss",
    .summary =
        "drops segments that arrive from a side, without an acknowledgement (needs CAP_NET_ADMIN)",
    .group = GROUP_PACKET,
    .side_rule = SIDE_REQUIRED,
    .options = options,
    .params_size = sizeof(struct packet_loss_params),
    .fire = packet_loss_fire,
    .note = "the kernel decides at random which segments are lost: the seed repeats on which "
            "connections and when, but not which segments",
    .lasting = true,
    .needs_net_admin = true,
};
