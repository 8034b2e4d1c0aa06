/* SPDX-License-Identifier: MIT */
/*
 * Private to relay/: emits an event of a session, records its cause, and requests another pass.
 * session_events.h builds the events.
 */
#ifndef RUDEPROXY_RELAY_EMIT_H
#define RUDEPROXY_RELAY_EMIT_H

#include "proxy/relay/event.h"
#include "proxy/relay/state.h"

/* Requests another pass: something changed that another part has to see. */
static inline void session_touch(struct session *session)
{
    session->again = true;
}

/* Fills in the time, proxy, connection and serial of the event, and passes it to the host:
 * host_emit() of net/connection.c calls worker_emit(), which calls on_event() of app/run.c. */
static inline void session_emit(struct session *session, struct event *event)
{
    event->at = session->now;
    event->proxy = session->plan->config.name;
    event->connection = session->number;
    event->serial = session->serial;
    session->event_count++; /* before the call, which may stop the session */
    session->host->emit(session, event);
}

/* Records what ended the connection. The first cause wins. */
static inline void session_note_cause(struct session *session, enum cause cause)
{
    if (session->cause == CAUSE_NONE)
        session->cause = cause;
}

/* Records that a fault ended it, if that is what these actions do. An early FIN also counts as the
 * first end, though its other direction continues. */
static inline void session_note_fault(
    struct session *session, const struct rule *rule, const struct action on[2])
{
    bool ends = action_is_ending(on[SIDE_CLIENT].kind) || on[SIDE_CLIENT].kind == ACTION_FIN ||
                on[SIDE_SERVER].kind == ACTION_FIN;
    if (session->cause != CAUSE_NONE || !ends)
        return;
    session->cause = CAUSE_FAULT;
    session->cause_fault = fault_counter_ref(rule->fault_counter);
}

#endif
