/* SPDX-License-Identifier: MIT */
/*
 * Closes one socket of a session. Most endings take time: bytes must be delivered, acknowledged, or
 * waited for. The teardown is that wait, as a state (state.h).
 *
 *   NONE --begin--> DELIVER --flow towards it is empty--> DRAIN ---> CLOSED   graceful close
 *                                                    `--> ACK -----> CLOSED   reset drain,
 *                                                                             after_fin, vanish
 *   NONE --begin--> UNREAD --enough bytes are unread---------------> CLOSED   close, unread data
 *   NONE --begin--> DATA ----a byte arrives------------------------> CLOSED   reset on data
 *   NONE --begin--> HOLD ----the peer closes-----------------------> CLOSED   hold
 *   NONE --begin--> DELIVER --in the same call---------------------> CLOSED   plain, abrupt
 *
 * Every state may also move to CLOSED at once: the peer reset, the linger time ran out, the session
 * was stopped, or the wait is useless. It is useless when the other socket of the session is gone,
 * or both are in DELIVER, ACK, UNREAD or DATA, and no byte that it waits for has moved for
 * TEARDOWN_IDLE_US, nor will one when a fault has delayed it for long enough. side_move() asserts
 * the moves.
 */
#ifndef RUDEPROXY_RELAY_TEARDOWN_H
#define RUDEPROXY_RELAY_TEARDOWN_H

#include "proxy/base/clock.h"
#include "proxy/relay/state.h"

/* The kernel sends no event when the send queue becomes empty, so SIOCOUTQ is asked again after an
 * interval that doubles from the first to the last of these. A delayed acknowledgement takes up to
 * 40 ms (tcp_delack_min), a loopback one microseconds. */
#define TEARDOWN_CHECK_FIRST_US 200
#define TEARDOWN_CHECK_LAST_US 10000

/* How long a socket waits alone, or two wait for receivers that take nothing. As long as Linux
 * keeps a socket that its program has closed (tcp_fin_timeout). */
#define TEARDOWN_IDLE_US (60 * (uint64_t)US_PER_S)
/* The idle limit of HOLD, which promises to stay open until the peer closes. */
#define TEARDOWN_HOLD_US (3600 * (uint64_t)US_PER_S)

/* Interval in which UNREAD checks whether the receive buffer is full, so that no further byte can
 * arrive. It doubles from the first to the last of these. */
#define TEARDOWN_FULL_FIRST_US (100 * (uint64_t)US_PER_MS)
#define TEARDOWN_FULL_LAST_US (5 * (uint64_t)US_PER_S)

/* Returns how many bytes the ending leaves unread although they were read: `edge = before` withheld
 * them, and they were dropped. */
static inline size_t teardown_withheld(const struct teardown *teardown)
{
    enum action_kind kind = teardown->kind;
    bool leaves_unread =
        kind == ACTION_CLOSE_PLAIN || kind == ACTION_CLOSE_UNREAD || kind == ACTION_RESET_ON_DATA;
    return leaves_unread ? teardown->withheld : 0;
}

/* Begins the end of one side. A plain close and an abrupt reset close the socket in this call.
 * Ignored when it has begun before. */
void teardown_begin(struct session *session, enum side side, const struct action *action);

/* Makes progress as far as possible now. */
void teardown_advance(struct session *session, enum side side);

/* The filter of a side that vanishes, which stays for as long as its socket: false, if it does
 * not. */
bool teardown_filter(const struct teardown *teardown, struct packet_filter *filter);

/* When teardown_advance() has to be called again without an event; TIME_NEVER: not by time
 * alone. */
time_us teardown_next_time(const struct teardown *teardown);

#endif
