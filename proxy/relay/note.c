/* SPDX-License-Identifier: MIT */
#include "proxy/relay/note.h"

void session_emit(struct session *session, struct event *event)
{
    event->at = session->now;
    event->proxy = session->plan->config.name;
    event->connection = session->number;
    session->host->emit(session, event);
}

void session_note_cause(struct session *session, enum cause cause)
{
    if (session->cause == CAUSE_NONE)
        session->cause = cause;
}
