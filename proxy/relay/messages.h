/* SPDX-License-Identifier: MIT */
/*
 * The messages of a session whose proxy has a protocol: both flows show their bytes to one framing
 * (proxy/framing/framing.h), and the triggers that wait for a message get their edges from it. A session
 * whose proxy has none has no messages, and its flows never ask.
 *
 * While a fault waits for a message of a direction, bytes are peeked at before they are taken, so that those
 * behind its edge stay in the kernel. The beginning of a message whose header is incomplete is read but not
 * forwarded, if a fault waits for that message: for match_hold at most.
 *
 * The same bytes are looked at for the name of the server in a TLS ClientHello, which the key `sni` of faults
 * asks for. Where the framing is lost upstream, as behind STARTTLS, a ClientHello may begin there.
 *
 * Life: messages_start when the session starts, messages_free with it.
 */
#ifndef RUDEPROXY_RELAY_MESSAGES_H
#define RUDEPROXY_RELAY_MESSAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proxy/base/clock.h"
#include "proxy/base/side.h"

struct armed_fault;
struct flow;
struct messages;
struct session;

/* Gives the session and its flows messages, if its proxy has a protocol or a fault with `sni`. 0 or
 * -ENOMEM. */
int messages_start(struct session *session);
void messages_free(struct messages *messages); /* NULL is allowed */

/* Looks again at which faults wait for messages. */
void messages_refresh(struct messages *messages);

/* A fault is armed in the middle of the connection: it counts from the next message on, which is the last
 * one seen where none of its bytes was forwarded. */
void messages_arm(struct messages *messages, struct armed_fault *armed);

/* A fault that counted messages before it was armed: forgets an edge that is passed. */
void messages_forget_past(const struct messages *messages, struct armed_fault *armed);

/* Whether bytes have to be peeked at before they are taken. */
bool messages_peeks(const struct messages *messages, enum direction direction);

/* Looks at the bytes that come next in the flow. Returns how many may be taken before something has to
 * happen; the flow's edge is then set. Each byte taken is shown once. */
size_t messages_scan(
    struct messages *messages, struct flow *flow, const unsigned char *bytes, size_t n);

/* How many of the flow's next bytes need not be shown, and that so many passed. */
uint64_t messages_skippable(const struct messages *messages, const struct flow *flow);
void messages_skip(struct messages *messages, struct flow *flow, size_t n);

/* The flow's source ended with a FIN. */
void messages_end(struct messages *messages, struct flow *flow);

/* A pump of the flow begins at this time: lets beginnings of messages go whose time is up. True: one was. */
bool messages_let_go(struct messages *messages, const struct flow *flow, time_us now);

/* Offset up to which the flow's bytes may be forwarded now; FLOW_NO_EDGE: nothing is held back. */
uint64_t messages_hold(const struct messages *messages, const struct flow *flow);

/* When bytes are let go that are held back now; TIME_NEVER: not by time alone. */
time_us messages_next_time(const struct messages *messages, const struct flow *flow);

/* The message to which `offset` of a direction belongs, or which ends there: its number, and its kind in
 * `*kind`. 0: not known. */
uint64_t messages_number_at(
    const struct messages *messages, enum direction direction, uint64_t offset, const char **kind);

#endif
