/* SPDX-License-Identifier: MIT */
#include "proxy/relay/note.h"

#include "proxy/relay/not_fired.h"

void session_emit(struct session *session, struct event *event)
{
    event->at = session->now;
    event->proxy = session->plan->config.name;
    event->connection = session->number;
    session->event_count++; /* before the call, which may stop the session */
    session->host->emit(session, event);
}

void session_note_cause(struct session *session, enum cause cause)
{
    if (session->cause == CAUSE_NONE)
        session->cause = cause;
}

void session_emit_closed(struct session *session)
{
    const struct side_record sides[2] = {
        session->side[SIDE_CLIENT].record,
        session->side[SIDE_SERVER].record,
    };
    struct not_fired not_fired[EVENT_NOT_FIRED_MAX];
    struct event event = {
        .kind = EVENT_CLOSED,
        .u.closed =
            {
                .sides = sides,
                .ends = session->ends,
                .end_count = session->end_count,
                .events = session->event_count,
                .destination = session->destination,
                .duration_us = session->now - session->accepted_at,
                .cause = session->cause,
                .cause_fault = session->cause_fault != NULL ? session->cause_fault->name : NULL,
                .fault_count = session->fault_count,
                .not_fired = not_fired,
                .not_fired_count = not_fired_list(session, not_fired, EVENT_NOT_FIRED_MAX),
            },
    };
    for (unsigned i = 0; i < EVENT_FAULTS_MAX && session->faults[i] != NULL; i++)
        event.u.closed.faults[i] = session->faults[i]->name;
    session_emit(session, &event);
}
