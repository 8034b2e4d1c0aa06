/* SPDX-License-Identifier: MIT */
/* Private to relay/: records events of a session, and requests another pass. */
#ifndef RUDEPROXY_RELAY_NOTE_H
#define RUDEPROXY_RELAY_NOTE_H

#include "proxy/relay/event.h"
#include "proxy/relay/state.h"

/* Requests another pass: something changed that another part has to see. */
static inline void session_touch(struct session *session)
{
    session->again = true;
}

/* Fills in the time, proxy and connection of the event, and emits it. */
void session_emit(struct session *session, struct event *event);

/* Records what ended the connection. The first cause wins. */
void session_note_cause(struct session *session, enum cause cause);

/* Emits the record of the session, whose sockets are both closed. */
void session_emit_closed(struct session *session);

#endif
