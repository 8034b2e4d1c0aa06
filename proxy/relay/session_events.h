/* SPDX-License-Identifier: MIT */
/* Private to relay/: builds the events of a session and emits them. messages.c builds those about
 * messages. record/event_line.c writes the log line of each event. */
#ifndef RUDEPROXY_RELAY_SESSION_EVENTS_H
#define RUDEPROXY_RELAY_SESSION_EVENTS_H

#include "proxy/relay/armed.h"
#include "proxy/relay/event.h"
#include "proxy/relay/state.h"

/* EVENT_OPEN. */
void session_emit_open(struct session *session);

/* EVENT_CONNECT_FAILED. `errnum`: positive errno or 0; `reason`: a text in words. */
void session_emit_connect_failed(
    struct session *session, const char *address, int errnum, const char *reason);

/* EVENT_EOF or EVENT_RESET_SEEN. `errnum`: of EVENT_RESET_SEEN, a positive errno; else 0. */
void session_emit_seen(struct session *session, enum event_kind kind, enum side side, int errnum);

/* An event about a fault at an offset of a direction, with the message there. `errnum`: for
 * EVENT_FAULT_FAILED, a positive errno; else 0. */
void session_emit_fault(struct session *session, enum event_kind kind,
    const struct armed_fault *armed, enum direction direction, uint64_t offset, int errnum);

/* EVENT_CLOSED, the record of the session. Both sockets are closed. */
void session_emit_closed(struct session *session);

#endif
