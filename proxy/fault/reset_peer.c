/* SPDX-License-Identifier: MIT */
/*
 * `reset_peer`: forwards nothing of the direction from the start, not even its FIN. After a while
 * both sides get a RST, whether anything was sent or not. Bytes still queued in the kernel are
 * lost, as in real life. If the fault is ended early, it has only dropped the bytes that arrived.
 *
 * A RST that arrives before a client's connect() has returned makes that connect() fail
 * (inet_stream_connect in net/ipv4/af_inet.c finds TCP_CLOSE and sk_err), but a test wants a read
 * or write to fail. TCP does not tell when connect() returns: the kernel completes the handshake
 * before it wakes the client. Only a byte or a FIN of the client proves it, so a timeout of 0 waits
 * for one. A client that only reads sends none: it gets its RST after a time.
 */
#include "proxy/fault/types.h"

/* How long a timeout of 0 waits for a client that sends nothing. Longer than a busy machine lets a
 * runnable process wait, short enough for a client that only reads. */
#define SILENT_CLIENT_US (250 * US_PER_MS)

struct reset_peer_params {
    uint64_t timeout_us;
};
CHECK_PARAMS(struct reset_peer_params);

static const struct option options[] = {
    {.name = "timeout",
        .kind = &option_duration,
        .offset = offsetof(struct reset_peer_params, timeout_us),
        .default_text = "0s",
        .help = "the time before the RST, in which bytes are dropped; 0s: until the client has "
                "sent a byte or its FIN, at most 250ms"},
    OPTIONS_END,
};

static struct action reset_peer_fire(const void *params)
{
    const struct reset_peer_params *reset = params;
    bool at_once = reset->timeout_us == 0;
    return (struct action){.kind = ACTION_DISCARD,
        .duration_us = at_once ? SILENT_CLIENT_US : reset->timeout_us,
        .until_client_sends = at_once,
        .holds_fin = true};
}

static struct action reset_peer_over(const void *params, enum fault_end_reason why)
{
    (void)params;
    return (struct action){.kind = why == FAULT_EXPIRED ? ACTION_RESET_ABRUPT : ACTION_NONE};
}

const struct fault_type fault_reset_peer = {
    .name = "reset_peer",
    .summary = "drops arriving bytes, and resets both sides after a time",
    .group = GROUP_TOXIC,
    .side_rule = SIDE_UNUSED,
    .options = options,
    .params_size = sizeof(struct reset_peer_params),
    .fire = reset_peer_fire,
    .over = reset_peer_over,
    .lasting = true,
};
