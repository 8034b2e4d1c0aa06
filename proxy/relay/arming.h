/* SPDX-License-Identifier: MIT */
/*
 * The faults of one session: which are armed, where the next byte trigger stands, and firing.
 * Of several faults at one trigger the first of the file fires first, and an ending is the last.
 */
#ifndef RUDEPROXY_RELAY_ARMING_H
#define RUDEPROXY_RELAY_ARMING_H

#include <stdint.h>

#include "proxy/base/clock.h"
#include "proxy/base/side.h"
#include "proxy/fault/fault.h"

struct session;

/* Selects the rules of the plan that concern this connection. 0 or -ENOMEM. */
int arming_select(struct session *session);

/* Carries out what armed faults want from the first moment on (fault_type.arm). */
void arming_prepare(struct session *session);

/* Fires every armed fault with this trigger: of TRIGGER_BYTES those that stand at `value` bytes of
 * the direction, of TRIGGER_TIME those that are due; the direction counts only where the trigger
 * watches one. */
void arming_fire(
    struct session *session, enum trigger_kind kind, enum direction direction, uint64_t value);

/* Offset of the next byte trigger of a direction at or behind `handed`; FLOW_NO_EDGE: none. */
uint64_t arming_next_edge(const struct session *session, enum direction direction, uint64_t handed);

/* When the next time trigger is due; TIME_NEVER: none. */
time_us arming_next_time(const struct session *session);

#endif
