/* SPDX-License-Identifier: MIT */
/*
 * How one socket of a session is brought to its end. Most ends take time: bytes have to be
 * delivered, acknowledged, or waited for. The ending is that wait, as a state.
 *
 *   NONE --begin--> DELIVER --flow towards it is empty--> DRAIN ---> CLOSED   graceful close
 *                                                    `--> ACK -----> CLOSED   reset drain,
 *                                                                             after_fin, vanish
 *   NONE --begin--> UNREAD --enough lies unread--------------------> CLOSED   close with unread data
 *   NONE --begin--> DATA ----a byte arrives------------------------> CLOSED   reset on data
 *   NONE --begin--> HOLD ----the peer ends it----------------------> CLOSED   hold
 *   NONE --begin---------------------------------------------------> CLOSED   plain, abrupt
 */
#ifndef RUDEPROXY_RELAY_ENDING_H
#define RUDEPROXY_RELAY_ENDING_H

#include "proxy/base/clock.h"
#include "proxy/base/side.h"
#include "proxy/fault/fault.h"
#include "proxy/relay/endpoint.h"
#include "proxy/relay/event.h"

enum ending_state {
    ENDING_NONE,    /* the socket is being relayed */
    ENDING_DELIVER, /* what was read for it is still being handed to the kernel */
    ENDING_DRAIN,   /* our FIN is out; what arrives is dropped until the peer's FIN */
    ENDING_ACK,     /* waiting until the peer has acknowledged every byte */
    ENDING_UNREAD,  /* waiting until enough bytes lie unread */
    ENDING_DATA,    /* waiting for the byte that is answered with a RST */
    ENDING_HOLD,    /* open and silent until the peer ends it */
    ENDING_CLOSED,  /* the socket is gone, or never was */
};

/* The kernel tells nobody when the send queue becomes empty, so SIOCOUTQ is asked again after an
 * interval that doubles from the first to the last of these. A delayed acknowledgement takes up to
 * 40 ms (tcp_delack_min), a loopback one microseconds. */
#define ENDING_CHECK_FIRST_US 200
#define ENDING_CHECK_LAST_US 10000

struct ending {
    enum ending_state state;
    struct action action;
    time_us deadline; /* of a graceful close; TIME_NEVER: none */
    time_us check_at; /* SIOCOUTQ is asked again; TIME_NEVER: no */
    uint64_t check_us;
};

struct session;

void ending_init(struct ending *ending);

/* Begins the end of one side; ignored when it has begun before. */
void ending_begin(struct session *session, enum side side, const struct action *action);

/* Goes as far as it can now. */
void ending_advance(struct session *session, enum side side);

/* When ending_advance wants to be called again without an event. */
time_us ending_next_time(const struct ending *ending);

/* Closes the socket and completes its record. */
void side_close(struct session *session, enum side side, enum endpoint_close how);

/* Shuts the write side down, once; a failure counts as a reset by the peer and is seen as such. */
void side_send_fin(struct session *session, enum side side);

void side_mark(struct session *session, enum side side, enum end_mark mark);

#endif
