/* SPDX-License-Identifier: MIT */
/*
 * The faults of one session: see arming.h. start() is where a fault begins and finish() where a
 * lasting one ends; both leave one event. apply() is the one switch between what faults ask for and
 * what sessions do.
 */
#include "proxy/relay/arming.h"

#include "proxy/relay/session.h"
#include "proxy/relay/shaping.h"

/* --- deeds --- */

static bool does_any(const struct session *session, enum side side, enum action_kind kind)
{
    for (size_t i = 0; i < session->armed_count; i++)
        if (session->armed[i].action[side] == kind)
            return true;
    return false;
}

/* What becomes of bytes that arrive from a side, all active faults considered. */
static enum flow_intake intake_of(const struct session *session, enum side side)
{
    if (does_any(session, side, ACTION_STOP_READING))
        return FLOW_LEAVE;
    return does_any(session, side, ACTION_DISCARD) ? FLOW_DROP : FLOW_TAKE;
}

static void refresh_filters(struct session *session, enum side side)
{
    struct packet_filter filters[ENDPOINT_FILTERS_MAX];
    unsigned count = 0;
    struct endpoint *ep = session->side[side].ep;
    for (size_t i = 0; i < session->armed_count && count < ENDPOINT_FILTERS_MAX; i++) {
        if (session->armed[i].action[side] == ACTION_FILTER)
            filters[count++] = session->armed[i].filter;
    }
    if (ep != NULL && (count > 0 || session->side[side].filter_count > 0))
        ep->ops->set_filters(ep, filters, count);
    session->side[side].filter_count = count;
}

/* After a fault began or ended: what follows for both directions. */
static void refresh(struct session *session)
{
    for (int i = 0; i < 2; i++) {
        struct flow *flow = &session->flow[i];
        if (!flow->cut && session->side[i].ending.state == ENDING_NONE) {
            flow_set_intake(flow, intake_of(session, (enum side)i));
            flow->edge = arming_next_edge(session, (enum direction)i, flow_handed(flow));
        }
        if (flow->shaping != NULL)
            shaping_refresh(flow->shaping);
        refresh_filters(session, (enum side)i);
    }
    session->again = true;
}

static void hold_fin(struct session *session, enum side side, uint64_t duration_us)
{
    session->side[side].fin_held = true;
    session->side[side].fin_hold_us = duration_us;
}

static void early_fin(struct session *session, enum side side)
{
    session->side[side].fin_wanted = true;
    flow_cut(&session->flow[!side]);
}

static void insert(
    struct session *session, struct armed *armed, enum side side, const struct action *action)
{
    armed->insertion =
        (struct insertion){.data = action->data, .size = action->bytes, .key = armed->key[side]};
    flow_insert(&session->flow[side], &armed->insertion);
}

/* An ending at an edge: what was read behind it never goes. */
static void end(struct session *session, enum side side, const struct action *action)
{
    flow_leave_edge(&session->flow[side]);
    ending_begin(session, side, action);
}

/* The one place where the actions of faults become deeds. */
static void apply(
    struct session *session, struct armed *armed, enum side side, const struct action *action)
{
    switch (action->kind) {
    case ACTION_NONE:
        break;
    case ACTION_FIN:
        early_fin(session, side);
        break;
    case ACTION_HOLD_FIN:
        armed->action[side] = action->kind;
        hold_fin(session, side, action->duration_us);
        break;
    case ACTION_INSERT:
        insert(session, armed, side, action);
        break;
    case ACTION_DELAY_DIAL:
        session->dial_at = time_add(session->dial_at, action->duration_us);
        break;
    case ACTION_STOP_READING:
    case ACTION_DISCARD:
    case ACTION_SHAPE:
    case ACTION_FILTER:
        armed->action[side] = action->kind;
        armed->filter = action->filter;
        armed->until_at = time_add(session->now, action->duration_us);
        break;
    case ACTION_CLOSE_GRACEFUL:
    case ACTION_CLOSE_PLAIN:
    case ACTION_CLOSE_UNREAD:
    case ACTION_RESET_ABRUPT:
    case ACTION_RESET_DRAIN:
    case ACTION_RESET_AFTER_FIN:
    case ACTION_RESET_ON_DATA:
    case ACTION_HOLD:
    case ACTION_VANISH:
        end(session, side, action);
        break;
    }
}

/* Carries the actions of one armed fault out. A type that goes by direction acts on the socket that
 * its direction is read from. */
static void apply_both(struct session *session, struct armed *armed, const struct action on[2])
{
    bool directed = fault_goes_by_direction(&armed->rule->fault);
    for (int i = 0; i < 2; i++) {
        if (!directed || (armed->directions & (1u << i)) != 0)
            apply(session, armed, (enum side)i, &on[i]);
    }
    refresh(session);
}

void arming_prepare(struct session *session)
{
    for (size_t i = 0; i < session->armed_count; i++) {
        struct action on[2];
        fault_arm(&session->armed[i].rule->fault, on);
        if (on[0].kind != ACTION_NONE || on[1].kind != ACTION_NONE)
            apply_both(session, &session->armed[i], on);
    }
}

/* --- firing --- */

static void emit_fault(struct session *session, enum event_kind kind, const struct armed *armed,
    enum direction direction)
{
    const struct fault *fault = &armed->rule->fault;
    const struct event event = {
        .kind = kind,
        .at = session->now,
        .proxy = session->plan->proxy.name,
        .connection = session->number,
        .u.fault =
            {
                .name = fault->name,
                .type = fault->type->name,
                .direction = direction,
                .offset = flow_handed(&session->flow[direction]),
            },
    };
    session->host->emit(session, &event);
}

/* The direction an event speaks of: the one that was watched, else the fault's own. */
static enum direction event_direction(const struct armed *armed)
{
    return armed->directions == BOTH_FIRST ? DIRECTION_UPSTREAM : DIRECTION_DOWNSTREAM;
}

/* A fault in both directions is injected in one connection. */
static bool is_counted(const struct session *session, const struct armed *armed)
{
    for (size_t i = 0; i < session->armed_count; i++) {
        const struct armed *other = &session->armed[i];
        if (other != armed && other->rule == armed->rule && other->counted)
            return true;
    }
    return false;
}

/* Counts the fault in; false when it has been injected in as many connections as allowed. */
static bool count_in(struct session *session, struct armed *armed)
{
    const struct rule *rule = armed->rule;
    if (!is_counted(session, armed)) {
        if (rule->tally->fired >= rule->fault.times)
            return false;
        rule->tally->fired++;
        if (session->fault_count < EVENT_FAULTS_MAX)
            session->faults[session->fault_count] = rule->fault.name;
        session->fault_count++;
    }
    armed->counted = true;
    return true;
}

static time_us since_start(const struct session *session)
{
    return session->now - session->plan->started_at;
}

/* An early FIN is the first end of the connection too, though its other direction lives on. */
static void note_cause(
    struct session *session, const struct fault *fault, const struct action on[2])
{
    bool ends = action_is_ending(on[SIDE_CLIENT].kind) || on[SIDE_CLIENT].kind == ACTION_FIN ||
                on[SIDE_SERVER].kind == ACTION_FIN;
    if (session->cause != CAUSE_NONE || !ends)
        return;
    session->cause = CAUSE_FAULT;
    session->cause_fault = fault->name;
}

/* No action of it lasts any longer. */
static void release(struct session *session, struct armed *armed)
{
    armed->phase = ARMED_DONE;
    for (int side = 0; side < 2; side++) {
        bool held_fin = armed->action[side] == ACTION_HOLD_FIN;
        armed->action[side] = ACTION_NONE;
        if (held_fin)
            session->side[side].fin_held = does_any(session, (enum side)side, ACTION_HOLD_FIN);
    }
    refresh(session);
}

/* Whether it has nothing left to act on: a direction whose end was passed on takes no bytes. */
static bool is_too_late(
    const struct session *session, const struct armed *armed, const struct action on[2])
{
    for (int i = 0; i < 2; i++) {
        const struct flow *flow = &session->flow[i];
        if ((armed->directions & (1u << i)) != 0 && on[i].kind == ACTION_INSERT &&
            (flow->cut || flow->finished))
            return true;
    }
    return false;
}

static void start(struct session *session, struct armed *armed, enum direction direction)
{
    const struct fault *fault = &armed->rule->fault;
    struct action on[2];
    fault_fire(fault, on);
    if (is_too_late(session, armed, on) || !count_in(session, armed)) {
        release(session, armed);
        return;
    }
    armed->phase = fault->type->lasting ? ARMED_ACTIVE : ARMED_DONE;
    armed->since = session->now;
    note_cause(session, fault, on);
    emit_fault(session, EVENT_FAULT, armed, direction);
    apply_both(session, armed, on);
}

/* The trigger came. A lasting fault whose window has not opened waits for it; any other is too
 * early or too late. */
static void trigger(struct session *session, struct armed *armed, enum direction direction)
{
    const struct fault *fault = &armed->rule->fault;
    if (window_has(&fault->active, since_start(session)))
        start(session, armed, direction);
    else if (fault->type->lasting && since_start(session) < fault->active.from)
        armed->phase = ARMED_PENDING;
    else
        release(session, armed);
}

static void finish(struct session *session, struct armed *armed)
{
    bool was_active = armed->phase == ARMED_ACTIVE;
    release(session, armed);
    if (was_active)
        emit_fault(session, EVENT_FAULT_OVER, armed, event_direction(armed));
}

/* An end that was passed before the fault began is one that has come. */
static bool stands_at(const struct armed *armed, const struct trigger *trigger,
    const struct match match[2], enum direction direction, uint64_t offset)
{
    if ((armed->directions & (1u << direction)) == 0)
        return false;
    return (trigger->kind == TRIGGER_BYTES && trigger->value <= offset) ||
           (trigger->kind == TRIGGER_MATCH && match[direction].edge == offset);
}

void arming_on_edge(struct session *session, enum direction direction, uint64_t offset)
{
    for (size_t i = 0; i < session->armed_count && !session->over; i++) {
        struct armed *armed = &session->armed[i];
        const struct fault *fault = &armed->rule->fault;
        if (armed->phase == ARMED_WAITING) {
            if (stands_at(armed, &fault->when, armed->when_match, direction, offset))
                trigger(session, armed, direction);
        } else if (armed->phase != ARMED_DONE) {
            if (stands_at(armed, &fault->until, armed->until_match, direction, offset))
                finish(session, armed);
        }
    }
}

static bool is_event(const struct armed *armed, const struct trigger *trigger,
    enum trigger_kind kind, enum direction direction)
{
    return trigger->kind == kind &&
           (!trigger_watches_direction(kind) || (armed->directions & (1u << direction)) != 0);
}

void arming_on_event(struct session *session, enum trigger_kind kind, enum direction direction)
{
    for (size_t i = 0; i < session->armed_count && !session->over; i++) {
        struct armed *armed = &session->armed[i];
        const struct fault *fault = &armed->rule->fault;
        if (armed->phase == ARMED_WAITING && is_event(armed, &fault->when, kind, direction))
            trigger(session, armed,
                trigger_watches_direction(kind) ? direction : event_direction(armed));
        else if (armed->phase != ARMED_WAITING && armed->phase != ARMED_DONE &&
                 is_event(armed, &fault->until, kind, direction))
            finish(session, armed);
    }
}

/* When a trigger is due by time alone. */
static time_us due(const struct session *session, const struct trigger *trigger)
{
    if (trigger->kind == TRIGGER_TIME)
        return time_add(session->opened_at, trigger->value);
    if (trigger->kind == TRIGGER_IDLE && session->opened_at != TIME_NEVER)
        return time_add(session->active_at, trigger->value);
    return TIME_NEVER;
}

static time_us next_time_of(const struct session *session, const struct armed *armed)
{
    const struct fault *fault = &armed->rule->fault;
    time_us window_end = time_add(session->plan->started_at, fault->active.to);
    switch (armed->phase) {
    case ARMED_WAITING:
        return due(session, &fault->when);
    case ARMED_PENDING:
        return time_add(session->plan->started_at, fault->active.from);
    case ARMED_ACTIVE:
        return time_min(time_min(armed->until_at, window_end), due(session, &fault->until));
    case ARMED_DONE:
        break;
    }
    return TIME_NEVER;
}

void arming_on_time(struct session *session)
{
    for (size_t i = 0; i < session->armed_count && !session->over; i++) {
        struct armed *armed = &session->armed[i];
        if (session->now < next_time_of(session, armed))
            continue;
        if (armed->phase == ARMED_ACTIVE)
            finish(session, armed);
        else
            trigger(session, armed, event_direction(armed));
    }
}

time_us arming_next_time(const struct session *session)
{
    time_us next = TIME_NEVER;
    for (size_t i = 0; i < session->armed_count && !session->over; i++)
        next = time_min(next, next_time_of(session, &session->armed[i]));
    return next;
}

/* The edge that this fault has in a direction now. */
static uint64_t edge_of(const struct armed *armed, enum direction direction, uint64_t handed)
{
    const struct fault *fault = &armed->rule->fault;
    bool waiting = armed->phase == ARMED_WAITING;
    const struct trigger *trigger = waiting ? &fault->when : &fault->until;
    const struct match *match = waiting ? armed->when_match : armed->until_match;
    uint64_t passed = trigger->value < handed ? handed : trigger->value;
    uint64_t edge = trigger->kind == TRIGGER_BYTES   ? passed
                    : trigger->kind == TRIGGER_MATCH ? match[direction].edge
                                                     : FLOW_NO_EDGE;
    bool here = armed->phase != ARMED_DONE && (armed->directions & (1u << direction)) != 0;
    return here && edge >= handed ? edge : FLOW_NO_EDGE;
}

uint64_t arming_next_edge(const struct session *session, enum direction direction, uint64_t handed)
{
    uint64_t edge = FLOW_NO_EDGE;
    for (size_t i = 0; i < session->armed_count && !session->over; i++) {
        uint64_t own = edge_of(&session->armed[i], direction, handed);
        edge = own < edge ? own : edge;
    }
    return edge;
}
