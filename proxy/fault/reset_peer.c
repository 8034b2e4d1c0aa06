/* SPDX-License-Identifier: MIT */
/*
 * `reset_peer`: forwards nothing of the direction from the start, not even its FIN. After a while
 * both sides get a RST, whether anything was sent or not. Bytes still queued in the kernel are
 * lost, as in real life. If the fault is ended early, it has only dropped the bytes that arrived.
 */
#include "proxy/fault/types.h"

/* Delay for a timeout of 0. A RST that arrives before a client has noticed that it is connected
 * makes its connect() fail with ECONNRESET, but a test wants a read or write to fail. */
#define CONNECT_SEEN_US (10 * US_PER_MS)

struct reset_peer_params {
    uint64_t timeout_us;
};
CHECK_PARAMS(struct reset_peer_params);

static const struct option options[] = {
    {.name = "timeout",
        .kind = &option_duration,
        .offset = offsetof(struct reset_peer_params, timeout_us),
        .default_text = "0s",
        .help = "how long to wait for the RST; bytes that arrive meanwhile are dropped; 0s: 10ms, "
                "until the "
                "client can have seen its connection"},
    OPTIONS_END,
};

static struct action reset_peer_fire(const void *params)
{
    const struct reset_peer_params *reset = params;
    uint64_t wait_us = reset->timeout_us > 0 ? reset->timeout_us : CONNECT_SEEN_US;
    return (struct action){.kind = ACTION_DISCARD, .duration_us = wait_us, .holds_fin = true};
}

static struct action reset_peer_over(const void *params, enum fault_end_reason why)
{
    (void)params;
    return (struct action){.kind = why == FAULT_EXPIRED ? ACTION_RESET_ABRUPT : ACTION_NONE};
}

const struct fault_type fault_reset_peer = {
    .name = "reset_peer",
    .summary = "drops arriving bytes, and resets both sides after a while",
    .group = GROUP_TOXIC,
    .side_rule = SIDE_UNUSED,
    .options = options,
    .params_size = sizeof(struct reset_peer_params),
    .fire = reset_peer_fire,
    .over = reset_peer_over,
    .lasting = true,
    .changes_length = true,
};
