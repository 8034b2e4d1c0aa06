/* SPDX-License-Identifier: MIT */
/*
 * Arms faults in the middle of a connection: a fault of a chain, a fault with `sni`, and one that
 * is added or changed while the connection is open. A fault whose trigger is the open fires at
 * once.
 */
#ifndef RUDEPROXY_RELAY_ARMING_H
#define RUDEPROXY_RELAY_ARMING_H

#include "proxy/relay/state.h"

/* Begins what an armed fault does before its trigger (fault_type.arm). */
void arming_act_early(struct session *session, struct armed_fault *armed);

/* Arms the faults whose `sni` has the server that was just named (session->named). */
void arming_on_name(struct session *session);

/* Arms the faults that waited for one that has just fired. They may fire at once, and others may
 * wait for them. */
void arming_on_fired(struct session *session);

/* For adoption.c. Arms a fault that was just added. A fault whose event has passed never fires
 * here. */
void arming_late(struct session *session, struct armed_fault *armed);

/* For adoption.c. Continues an armed fault under another rule, which has the same type, trigger,
 * directions and sides. */
void arming_change(struct session *session, struct armed_fault *armed, struct rule *to);

#endif
