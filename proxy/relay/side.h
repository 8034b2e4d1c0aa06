/* SPDX-License-Identifier: MIT */
/* One socket of a session: what is recorded about it, its FIN, its close. */
#ifndef RUDEPROXY_RELAY_SIDE_H
#define RUDEPROXY_RELAY_SIDE_H

#include "proxy/relay/emit.h"
#include "proxy/relay/state.h"

/* `ep`: NULL if it is not connected yet. `address` stays valid as long as the session. */
void side_init(struct session_side *side, struct endpoint *ep, const char *address);

/* Moves the teardown of a socket to another state. Asserts that teardown.h draws the move. */
void side_move(struct session_side *side, enum teardown_state to);

/* Shuts the write side down, once. A failure counts as a reset by the peer and is seen as such. */
void side_send_fin(struct session *session, enum side side);

/* Records that the peer's FIN was read. */
void side_note_fin(struct session *session, enum side side);

/* Records that the peer has reset, once. `errnum`: positive errno. */
void side_note_reset(struct session *session, enum side side, int errnum);

/* Closes the socket, if there is one, and completes its record. Idempotent. */
void side_close(struct session *session, enum side side, enum endpoint_close how);

#endif
