/* SPDX-License-Identifier: MIT */
/*
 * Performs the actions of faults (the closed set in fault.h) on the flows and sockets of a session.
 * firing.c decides when.
 */
#ifndef RUDEPROXY_RELAY_ACTIONS_H
#define RUDEPROXY_RELAY_ACTIONS_H

#include "proxy/base/must_check.h"
#include "proxy/fault/fault.h"

struct armed_fault;
struct session;

/* Attaches the packet filters of a fault that is about to begin. Returns 0, or -errno with nothing
 * attached. Faults without filters need nothing: 0. -EOPNOTSUPP: it would filter the segments of a
 * UNIX socket, or vanish with one. */
MUST_CHECK int actions_attach(
    struct session *session, struct armed_fault *armed, const struct action on[2]);

/* Performs the actions of one armed fault; `on` is by enum side. */
void actions_apply(struct session *session, struct armed_fault *armed, const struct action on[2]);

/* Replaces the values of the lasting actions of an active fault. The kinds stay the same. */
void actions_change(struct session *session, struct armed_fault *armed, const struct action on[2]);

/* Ends the lasting actions of a fault. */
void actions_revert(struct session *session, struct armed_fault *armed);

/* A fault has ended: bytes that no other one keeps behind an edge go on at once. Another fault that
 * acts in the same moment, before session_recompute(), would drop them. */
void actions_release(struct session *session);

/* Begins this teardown on both sockets. */
void actions_end_session(struct session *session, const struct action *action);

/* Recomputes read mode, edges, shaping, filters and FIN holds from the active faults, if faults
 * began, ended or changed since the last call (session->outdated). Call it once after many changes,
 * because it visits every fault. */
void session_recompute(struct session *session);

#endif
