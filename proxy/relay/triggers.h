/* SPDX-License-Identifier: MIT */
/*
 * Finds the armed faults of a session (armed.h) whose trigger has come, by an event, an edge or
 * time. firing.h fires them, and ends those whose `until` has come. Of several faults at one
 * trigger the first of the file fires first, and an ending is the last.
 */
#ifndef RUDEPROXY_RELAY_TRIGGERS_H
#define RUDEPROXY_RELAY_TRIGGERS_H

#include "proxy/relay/state.h"

/* Performs the actions of armed faults that start at the open, before their trigger
 * (fault_type.arm). */
void triggers_prepare(struct session *session);

/* TRIGGER_OPEN, TRIGGER_ACCEPT, or TRIGGER_EOF in this direction came. */
void triggers_on_event(struct session *session, enum trigger_kind kind, enum direction direction);

/* Exactly `offset` bytes of the direction were forwarded: byte triggers, matches, messages, limits.
 * Faults that waited for the server's name, which the client has just said, are armed first. */
void triggers_on_edge(struct session *session, enum direction direction, uint64_t offset);

/* The beginning of a possible match was let go in the direction: reports it once for each fault. */
void triggers_report_let_go(struct session *session, enum direction direction);

/* The last pump changed the first byte of a fault in the direction (fault_type.first_changed). */
void triggers_report_changed(struct session *session, enum direction direction);

/* Time passed: time triggers, idle triggers, `active` and durations. Does what was due first.
 * Returns whether more is due, before which no byte moves. */
bool triggers_on_time(struct session *session);

#endif
