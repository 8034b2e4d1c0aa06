/* SPDX-License-Identifier: MIT */
/*
 * Carries out what faults ask for (the closed set of actions of fault.h) on the flows and sockets of a
 * session. triggers.c says when.
 */
#ifndef RUDEPROXY_RELAY_ACTIONS_H
#define RUDEPROXY_RELAY_ACTIONS_H

#include "proxy/fault/fault.h"

struct armed_fault;
struct session;

/* Carries out the actions of one armed fault; `on` is by enum side. */
void actions_apply(struct session *session, struct armed_fault *armed, const struct action on[2]);

/* Gives the lasting actions of an active fault other values. The kinds stay the same. */
void actions_change(struct session *session, struct armed_fault *armed, const struct action on[2]);

/* Ends the lasting actions of a fault. */
void actions_revert(struct session *session, struct armed_fault *armed);

/* Begins this teardown of both sockets. */
void actions_end_session(struct session *session, const struct action *action);

/* Recomputes read mode, edges, shaping, filters and FIN holds from the active faults, if faults began, ended or
 * changed since the last call (session->outdated). Once for many: it looks at every fault. */
void session_recompute(struct session *session);

#endif
