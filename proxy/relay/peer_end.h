/* SPDX-License-Identifier: MIT */
/*
 * The ends that peers make by themselves: FINs, RSTs, and what follows for the other side. For
 * session.c; every function looks at one side of a running session.
 */
#ifndef RUDEPROXY_RELAY_PEER_END_H
#define RUDEPROXY_RELAY_PEER_END_H

#include "proxy/base/clock.h"
#include "proxy/base/side.h"

struct session;

/* Its FIN was read. */
void peer_end_note_fin(struct session *session, enum side side);

/* It has reset, as a read says; once. `errnum`: positive errno. */
void peer_end_note_reset(struct session *session, enum side side, int errnum);

/* The same, as a write to it or its error state shows: bytes that arrived before are still in its queue
 * and come first, unless we are not to read them. */
void peer_end_has_reset(struct session *session, enum side side, int errnum);

/* Looks for an error that no read will report: after the FIN, or while we are not to read. */
void peer_end_look_for_error(struct session *session, enum side side);

/* What follows from what the flows have come to: an early FIN that is due, a RST that came after a FIN, a
 * peer that is gone. */
void peer_end_settle(struct session *session, enum side side);

/* How often peer_end_watch_stalled wants to be asked while a reset waits. */
#define RESET_STALL_CHECK_US (100 * US_PER_MS)

/* Gives up on delivery to a receiver that takes nothing while a RST waits behind the bytes. */
void peer_end_watch_stalled(struct session *session, enum side sink);

#endif
