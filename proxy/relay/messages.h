/* SPDX-License-Identifier: MIT */
/*
 * The messages of a session whose proxy has a protocol. Both flows pass their bytes to one framing
 * (proxy/framing/framing.h), and triggers that wait for a message get their edges from it. Without
 * a protocol a session has no messages.
 *
 * While a fault waits for a message of a direction, bytes are peeked before they are read, so that
 * bytes behind its edge stay in the kernel. With `turns`, those of both directions are peeked: a
 * turn ends with the other side's first byte, and the faults at its end fire before that is read.
 * If a fault waits for a message whose header is incomplete, the beginning is read but not
 * forwarded, for match_hold at most.
 *
 * It also searches these bytes for the server name in a TLS ClientHello, for the key `sni` of
 * faults. If the framing is lost upstream, as after STARTTLS, a ClientHello may begin there. While
 * a fault waits for the name, an incomplete ClientHello is not forwarded, for match_hold at most.
 *
 * Life: messages_start when the session starts, messages_free with it.
 */
#ifndef RUDEPROXY_RELAY_MESSAGES_H
#define RUDEPROXY_RELAY_MESSAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proxy/base/clock.h"
#include "proxy/base/must_check.h"
#include "proxy/base/side.h"

struct armed_fault;
struct flow;
struct messages;
struct session;

/* Creates messages for the session and its flows, if its proxy has a protocol or a fault with
 * `sni`. Returns 0 or -ENOMEM. */
MUST_CHECK int messages_start(struct session *session);
void messages_free(struct messages *messages); /* NULL is allowed */

/* Updates which faults wait for messages. */
void messages_refresh(struct messages *messages);

/* A fault is armed mid-connection: it counts from the next message on. That is the one being read,
 * if none of its bytes was forwarded; or the first one that is kept for faults with `after`. */
void messages_arm(struct messages *messages, struct armed_fault *armed);

/* Clears an edge that has passed, for a fault that counted messages before it was armed. */
void messages_forget_past(const struct messages *messages, struct armed_fault *armed);

/* Whether memory ran out: the session has to end. */
bool messages_failed(const struct messages *messages);

/* Whether bytes must be peeked before they are read. */
bool messages_peeks(const struct messages *messages, enum direction direction);

/* Whether bytes of the flow may be read now. If not, some that wait have to be forwarded first, or
 * a fault fires first where the other flow stands. */
bool messages_may_read(struct messages *messages, const struct flow *flow);

/* Scans the next bytes of the flow. Returns how many may be read before the flow's edge, which is
 * then set. Pass each byte once. */
size_t messages_scan(
    struct messages *messages, struct flow *flow, const unsigned char *bytes, size_t n);

/* Returns how many of the flow's next bytes need no scan; and records that `n` passed. */
uint64_t messages_skippable(const struct messages *messages, const struct flow *flow);
void messages_skip(struct messages *messages, struct flow *flow, size_t n);

/* The flow's source ended with a FIN. */
void messages_end(struct messages *messages, struct flow *flow);

/* A pump of the flow begins at this time: releases held beginnings that are due. Returns whether
 * there was one. */
bool messages_let_go(struct messages *messages, const struct flow *flow, time_us now);

/* Returns the offset up to which the flow's bytes may be forwarded now; FLOW_NO_EDGE: nothing is
 * held. */
uint64_t messages_hold(const struct messages *messages, const struct flow *flow);

/* Returns when held bytes are released; TIME_NEVER: not by time alone. */
time_us messages_next_time(const struct messages *messages, const struct flow *flow);

/* Returns the number of the message that contains `offset` of a direction or ends there, and its
 * kind in `*kind`. 0: unknown. */
uint64_t messages_number_at(
    const struct messages *messages, enum direction direction, uint64_t offset, const char **kind);

#endif
