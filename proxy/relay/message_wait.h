/* SPDX-License-Identifier: MIT */
/*
 * One trigger that waits for a message of one direction. Events of the framing go in; the offset at which the
 * trigger fires comes out, in `match->edge`.
 */
#ifndef RUDEPROXY_RELAY_MESSAGE_WAIT_H
#define RUDEPROXY_RELAY_MESSAGE_WAIT_H

#include "proxy/framing/framing.h"
#include "proxy/relay/armed.h"

struct message_wait {
    const struct trigger *trigger;
    struct match *match; /* how far it has come */
    bool only_counts;    /* it cannot fire now */
};

/* The triggers of a fault that count the messages of a direction now: how many, at most 2. A trigger that may
 * come again counts while its fault is active. */
unsigned message_waits_counting(
    struct armed_fault *armed, enum direction direction, struct message_wait waits[2]);

/* The trigger that the fault waits for now. False: that is no message of this direction. */
bool message_wait_current(
    struct armed_fault *armed, enum direction direction, struct message_wait *wait);

/* Shows the trigger an event of its direction. */
void message_wait_show(const struct protocol *protocol, const struct message_wait *wait,
    const struct framing_event *event);

/* Whether the next message may be the one that the trigger waits for, and its edge may stand in a header that
 * is not complete yet. */
bool message_wait_needs_header(const struct message_wait *wait);

#endif
