/* SPDX-License-Identifier: MIT */
/*
 * The FINs and RSTs that peers send, and what follows for the other side. For session.c. Every
 * function looks at one side of a running session.
 */
#ifndef RUDEPROXY_RELAY_PEER_CLOSE_H
#define RUDEPROXY_RELAY_PEER_CLOSE_H

#include "proxy/base/clock.h"
#include "proxy/relay/state.h"

/* The peer of `side` has reset, as a write to it or its error state shows. Bytes that arrived
 * before are still in the receive queue and are read first, unless reading is paused
 * for no known time. */
void peer_close_by_reset(struct session *session, enum side side, int errnum);

/* A send to the peer of `side` failed. Either the peer has reset, or it has shut the read side of a
 * UNIX socket. Then the other direction goes on, and sends of the source fail too, if its socket is
 * a UNIX socket. */
void peer_close_by_failed_send(struct session *session, enum side side, int errnum);

/* Closes `source`, whose peer has reset, and resets the other side as soon as its peer has
 * acknowledged every byte. Call it when the bytes of `source` have been forwarded. */
void peer_close_pass_reset(struct session *session, enum side source);

/* Looks for an error that no read reports: after the FIN, or while reading is paused. */
void peer_close_look_for_error(struct session *session, enum side side);

/* Sends what the state of the flows makes due: an early FIN, a RST that came after a FIN, the close
 * of a side whose peer is gone. */
void peer_close_settle(struct session *session, enum side side);

/* Ends a session whose client resets while a fault delays the dial. (While the host dials, the RST
 * is kept. It is passed on when the server is connected.) */
void peer_close_end_if_client_left(struct session *session);

/* When a fault keeps a connection whose peers have both ended, they are asked after so many seconds
 * whether they are still there. As long as Linux keeps a socket that its program has closed
 * (tcp_fin_timeout). */
#define PROBE_AFTER_S 60

/* Ends a session that nobody can use any more: both peers have ended, a fault keeps what one sent
 * from the other, and both are gone. While one is there, it waits as the fault wants it. */
void peer_close_end_if_deserted(struct session *session);

/* How often to call peer_close_watch_stalled() while a reset waits for a receiver. */
#define RESET_STALL_CHECK_US (100 * US_PER_MS)

/* Gives up delivery to a receiver that takes nothing while a RST waits behind the bytes. */
void peer_close_watch_stalled(struct session *session, enum side sink);

#endif
