/* SPDX-License-Identifier: MIT */
/*
 * What faults ask for (the closed set of actions of fault.h) becomes what the session does to its flows
 * and sockets. arming.c says when.
 */
#ifndef RUDEPROXY_RELAY_DEEDS_H
#define RUDEPROXY_RELAY_DEEDS_H

#include "proxy/fault/fault.h"

struct armed;
struct session;

/* Carries the actions of one armed fault out; `on` is by enum side. */
void deeds_apply(struct session *session, struct armed *armed, const struct action on[2]);

/* The lasting actions of an active fault have other values now, of the same kinds. */
void deeds_change(struct session *session, struct armed *armed, const struct action on[2]);

/* No action of it lasts any longer. */
void deeds_undo(struct session *session, struct armed *armed);

/* This ending for both sockets. */
void deeds_end(struct session *session, const struct action *action);

/* After faults began, ended or changed: what follows for both directions. */
void deeds_refresh(struct session *session);

#endif
