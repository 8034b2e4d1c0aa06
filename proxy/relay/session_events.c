/* SPDX-License-Identifier: MIT */
#include "proxy/relay/session_events.h"

#include "proxy/relay/emit.h"
#include "proxy/relay/messages.h"
#include "proxy/relay/not_fired.h"

void session_emit_open(struct session *session)
{
    struct event event = {
        .kind = EVENT_OPEN,
        .u.open = {.client = session->side[SIDE_CLIENT].record.address,
            .server = session->side[SIDE_SERVER].record.address},
    };
    session_emit(session, &event);
}

void session_emit_connect_failed(
    struct session *session, const char *address, int errnum, const char *reason)
{
    struct event event = {
        .kind = EVENT_CONNECT_FAILED,
        .u.connect_failed = {.address = address, .errnum = errnum, .reason = reason},
    };
    session_emit(session, &event);
}

void session_emit_seen(struct session *session, enum event_kind kind, enum side side, int errnum)
{
    struct event event = {
        .kind = kind,
        .u.seen = {.side = side,
            .offset = flow_read_count(&session->flow[side]),
            .other_offset = flow_forwarded(&session->flow[!side]),
            .errnum = errnum},
    };
    session_emit(session, &event);
}

void session_emit_fault(struct session *session, enum event_kind kind,
    const struct armed_fault *armed, enum direction direction, uint64_t offset, int errnum)
{
    const struct fault *fault = &armed->rule->fault;
    struct event event = {
        .kind = kind,
        .u.fault =
            {
                .name = fault->name,
                .type = fault->type->name,
                .direction = direction,
                .offset = offset,
                .other_offset = flow_forwarded(&session->flow[!direction]),
                .kind = "",
                .sides = fault->sides,
                .errnum = errnum,
            },
    };
    if (session->messages != NULL)
        event.u.fault.message =
            messages_number_at(session->messages, direction, offset, &event.u.fault.kind);
    session_emit(session, &event);
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
                .inserted = {session->flow[DIRECTION_DOWNSTREAM].inserted,
                    session->flow[DIRECTION_UPSTREAM].inserted},
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
    struct fault_counter *const *faults = session->faults;
    for (unsigned i = 0; faults != NULL && i < EVENT_FAULTS_MAX && faults[i] != NULL; i++)
        event.u.closed.faults[i] = faults[i]->name;
    session_emit(session, &event);
}
