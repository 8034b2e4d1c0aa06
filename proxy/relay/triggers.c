/* SPDX-License-Identifier: MIT */
/*
 * Finds the armed faults whose trigger has come. session.c calls triggers_on_edge(),
 * triggers_on_event() and triggers_on_time(). firing.c fires the faults.
 */
#include "proxy/relay/triggers.h"

#include "proxy/relay/actions.h"
#include "proxy/relay/arming.h"
#include "proxy/relay/chains.h"
#include "proxy/relay/firing.h"
#include "proxy/relay/session_events.h"

void triggers_prepare(struct session *session)
{
    for (size_t i = 0; i < session->armed.count; i++) {
        struct armed_fault *armed = session->armed.list[i];
        if (armed->phase == ARMED_WAITING && armed->rule->fault.type->arm != NULL)
            arming_act_early(session, armed);
    }
    session_recompute(session);
}

void triggers_on_edge(struct session *session, enum direction direction, uint64_t offset)
{
    if (session->named)
        arming_on_name(session);
    for (size_t i = 0; i < session->armed.count && !session->over; i++) {
        struct armed_fault *armed = session->armed.list[i];
        if (armed_acted_before(armed, direction, offset))
            chains_mark(session, &armed->rule->fault);
        if (armed_ends_at(session, armed, direction, offset))
            firing_end(session, armed, FAULT_EXPIRED);
        else if (armed_stands_at(armed, direction, offset))
            firing_on_trigger(session, armed, direction);
    }
    arming_on_fired(session);
    session_recompute(session);
}

void triggers_report_let_go(struct session *session, enum direction direction)
{
    for (size_t i = 0; i < session->armed.count; i++) {
        struct armed_fault *armed = session->armed.list[i];
        if (armed->let_go_reported || armed_match(armed)[direction].let_go == 0)
            continue;
        armed->let_go_reported = true;
        session_emit_fault(session, EVENT_MATCH_LET_GO, armed, direction,
            flow_forwarded(&session->flow[direction]), 0);
    }
}

void triggers_report_changed(struct session *session, enum direction direction)
{
    for (size_t i = 0; i < session->armed.count; i++) {
        struct armed_fault *armed = session->armed.list[i];
        if (!armed->acted_untold || !armed_is_active_in(armed, direction))
            continue;
        armed->acted_untold = false;
        session_emit_fault(session, EVENT_FAULT, armed, direction, armed->acted_at, 0);
    }
}

void triggers_on_event(struct session *session, enum trigger_kind kind, enum direction direction)
{
    for (size_t i = 0; i < session->armed.count && !session->over; i++) {
        struct armed_fault *armed = session->armed.list[i];
        if (armed_awaits_event(armed, kind, direction))
            firing_on_trigger(session, armed,
                trigger_watches_direction(kind) ? direction : armed_direction(armed));
    }
    arming_on_fired(session);
    session_recompute(session);
}

/* Returns when the fault is due by time; TIME_NEVER: not by time. arming_on_fired() arms chained
 * ones. */
static time_us due_time(const struct session *session, const struct armed_fault *armed)
{
    return armed->phase == ARMED_CHAINED ? TIME_NEVER : armed_time(session, armed);
}

static time_us first_due_time(const struct session *session)
{
    time_us first = TIME_NEVER;
    for (size_t i = 0; i < session->armed.count; i++)
        first = time_min(first, due_time(session, session->armed.list[i]));
    return first;
}

/* A run may be late: what was due earlier happens first, and has its effect before the next. */
bool triggers_on_time(struct session *session)
{
    time_us due = first_due_time(session);
    for (size_t i = 0; i < session->armed.count && !session->over; i++) {
        struct armed_fault *armed = session->armed.list[i];
        if (due <= session->now && due_time(session, armed) == due)
            firing_on_time(session, armed);
    }
    arming_on_fired(session);
    session_recompute(session);
    return !session->over && first_due_time(session) <= session->now;
}
