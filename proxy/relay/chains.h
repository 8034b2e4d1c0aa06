/* SPDX-License-Identifier: MIT */
/*
 * Chains (the key `after`): which fault waits for which. A fault that waits is CHAINED. When the
 * fault that it waits for has fired, it is marked (armed_fault.unchained), and arming.c arms it.
 *
 * A fault that waits for NAME/any is in a list that all connections share
 * (fired_name.waiting). So is one that acts before its trigger, for as long as `times` allows it
 * (fired_name.acting).
 */
#ifndef RUDEPROXY_RELAY_CHAINS_H
#define RUDEPROXY_RELAY_CHAINS_H

#include "proxy/base/clock.h"
#include "proxy/relay/state.h"

/* Makes a WAITING fault with `after` wait for the fault named there, unless that has fired. The
 * fault stands in the session's set. */
void chains_add(struct session *session, struct armed_fault *armed);

/* A WAITING fault has the actions that it has before its trigger: when its `times` are used up on
 * other connections, its session is woken, and the fault ends. */
void chains_watch_times(struct session *session, struct armed_fault *armed);

/* The session has ended: none of its faults waits any more, so that it is not woken. */
void chains_leave(struct session *session);

/* Marks the faults that wait for this one on the same connection. */
void chains_mark(struct session *session, const struct fault *first);

/* Counts a connection, or a listening socket (`by` NULL), in which the fault was injected. Marks
 * the faults of all connections that wait for it, and wakes their sessions. */
void chains_count_fired(struct fault_counter *counter, time_us now, const struct session *by);

#endif
