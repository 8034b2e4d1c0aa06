/* SPDX-License-Identifier: MIT */
/*
 * What faults ask for (the closed set of actions of fault.h) becomes what the session does to its flows
 * and sockets. arming.c says when.
 */
#ifndef RUDEPROXY_RELAY_ACTIONS_H
#define RUDEPROXY_RELAY_ACTIONS_H

#include "proxy/fault/fault.h"

struct armed;
struct session;

/* Carries the actions of one armed fault out; `on` is by enum side. */
void actions_apply(struct session *session, struct armed *armed, const struct action on[2]);

/* The lasting actions of an active fault have other values now, of the same kinds. */
void actions_change(struct session *session, struct armed *armed, const struct action on[2]);

/* No action of it lasts any longer. */
void actions_revert(struct session *session, struct armed *armed);

/* This ending for both sockets. */
void actions_end_session(struct session *session, const struct action *action);

/* After faults began, ended or changed: what follows for both directions. */
void session_recompute(struct session *session);

#endif
