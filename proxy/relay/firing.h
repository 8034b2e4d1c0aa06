/* SPDX-License-Identifier: MIT */
/*
 * Fires one armed fault whose trigger has come, and ends a lasting one. triggers.c and arming.c
 * decide which. session_recompute() has to follow.
 */
#ifndef RUDEPROXY_RELAY_FIRING_H
#define RUDEPROXY_RELAY_FIRING_H

#include "proxy/relay/state.h"

/* The trigger that the fault watches came, in this direction: a WAITING fault fires, a PENDING or
 * ACTIVE one ends. */
void firing_on_trigger(
    struct session *session, struct armed_fault *armed, enum direction direction);

/* The time of the fault has come: armed_time() is not later than now. */
void firing_on_time(struct session *session, struct armed_fault *armed);

/* The server's socket has just been connected: attaches the packet filters of the faults that fired
 * during the dial. Ends those that the kernel refuses. */
void firing_on_connected(struct session *session);

/* Ends the fault, whatever its phase. A fault that was not active has no effect, and no event. */
void firing_end(struct session *session, struct armed_fault *armed, enum fault_end_reason why);

/* Searches the pending bytes for the match that the fault now waits for. */
void firing_search(struct session *session, struct armed_fault *armed);

#endif
