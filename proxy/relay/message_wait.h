/* SPDX-License-Identifier: MIT */
/*
 * One trigger that waits for a message of one direction. It takes events of the framing, and sets
 * `match->edge` to the offset at which the trigger fires.
 */
#ifndef RUDEPROXY_RELAY_MESSAGE_WAIT_H
#define RUDEPROXY_RELAY_MESSAGE_WAIT_H

#include "proxy/framing/framing.h"
#include "proxy/relay/armed.h"

struct message_wait {
    const struct trigger *trigger;
    struct match *match; /* its progress */
    bool only_counts;    /* it cannot fire now */
};

/* Fills the triggers of a fault that now count the messages of a direction. Returns their number,
 * at most 2. A trigger that may repeat counts while its fault is active. */
unsigned message_waits_counting(
    struct armed_fault *armed, enum direction direction, struct message_wait waits[2]);

/* The triggers that now count messages of a direction count from none on. */
void message_waits_reset(struct armed_fault *armed, enum direction direction);

/* Whether the fault will count messages of the direction, once the fault named in `after` fired. */
bool message_waits_will_count(const struct armed_fault *armed, enum direction direction);

/* Returns the trigger that the fault now waits for. False: it does not wait for a message of this
 * direction. */
bool message_wait_current(
    struct armed_fault *armed, enum direction direction, struct message_wait *wait);

/* Passes an event to the triggers of a fault that count messages of its direction. */
void message_waits_show(
    const struct protocol *protocol, struct armed_fault *armed, const struct framing_event *event);

/* Returns the offset from which bytes are held: the trigger's edge is not known yet, and may lie
 * among them. `sized`: the size of the last message is known, or known to be unknown.
 * FLOW_NO_EDGE: none are. */
uint64_t message_wait_held_from(const struct message_wait *wait, const struct framing *framing,
    enum direction direction, bool sized);

#endif
