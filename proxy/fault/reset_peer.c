/* SPDX-License-Identifier: MIT */
/*
 * `reset_peer`: from the start nothing of the direction is passed on, not even its FIN, and after a
 * while both sides get a RST, whether anything was sent or not. Bytes still queued in the kernel are
 * lost, as in real life. Ended before its time, it has only dropped what came.
 */
#include "proxy/fault/types.h"

/* How long a timeout of 0 waits. A client whose kernel has the connection may not have looked yet: a RST that
 * comes before makes its connect() fail with ECONNRESET, where a test wants to see a read or write fail. */
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
        .help =
            "how long to wait for the RST; what arrives meanwhile is dropped; 0s: 10ms, until the "
            "client can have seen its connection"},
    OPTIONS_END,
};

static struct action fire(const void *params)
{
    const struct reset_peer_params *reset = params;
    uint64_t wait_us = reset->timeout_us > 0 ? reset->timeout_us : CONNECT_SEEN_US;
    return (struct action){.kind = ACTION_DISCARD, .duration_us = wait_us, .holds_fin = true};
}

static struct action over(const void *params, enum fault_end_reason why)
{
    (void)params;
    return (struct action){.kind = why == FAULT_EXPIRED ? ACTION_RESET_ABRUPT : ACTION_NONE};
}

const struct fault_type fault_reset_peer = {
    .name = "reset_peer",
    .summary = "drops what arrives, and resets both sides after a while",
    .group = GROUP_TOXIC,
    .side_rule = SIDE_UNUSED,
    .options = options,
    .params_size = sizeof(struct reset_peer_params),
    .fire = fire,
    .over = over,
    .lasting = true,
    .changes_length = true,
};
