/* SPDX-License-Identifier: MIT */
/*
 * The faults of one session: see arming.h. start() is where a fault begins and finish() where a
 * lasting one ends; both leave one event.
 */
#include "proxy/relay/arming.h"

#include <string.h>

#include "proxy/relay/actions.h"
#include "proxy/relay/session.h"

/* The direction an event speaks of: the one that was watched, else the fault's own. */
static enum direction event_direction(const struct armed *armed)
{
    return armed->directions == UPSTREAM_BIT ? DIRECTION_UPSTREAM : DIRECTION_DOWNSTREAM;
}

uint64_t arming_limit(const struct armed *armed)
{
    uint64_t limit = armed->base + armed->does.bytes;
    return limit < armed->base ? FLOW_NO_EDGE : limit;
}

/* Where no byte may go, one has to arrive. */
bool arming_limit_is_reached(const struct session *session, const struct armed *armed)
{
    const struct flow *flow = &session->flow[event_direction(armed)];
    uint64_t forwarded = flow_forwarded(flow), limit = arming_limit(armed);
    if (armed->does.kind != ACTION_LIMIT || limit > forwarded)
        return false;
    return forwarded > armed->base || flow->dropped > armed->dropped ||
           ring_used(&flow->ring) > 0 || flow->in_pipe > 0;
}

void arming_prepare(struct session *session)
{
    for (size_t i = 0; i < session->armed.count; i++) {
        struct action on[2];
        fault_arm(&session->armed.list[i]->rule->fault, on);
        if (on[0].kind != ACTION_NONE || on[1].kind != ACTION_NONE)
            actions_apply(session, session->armed.list[i], on);
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
        .proxy = session->plan->config.name,
        .connection = session->number,
        .u.fault =
            {
                .name = fault->name,
                .type = fault->type->name,
                .direction = direction,
                .offset = flow_forwarded(&session->flow[direction]),
            },
    };
    session->host->emit(session, &event);
}

/* A fault in both directions is injected in one connection. */
static bool is_counted(const struct session *session, const struct armed *armed)
{
    for (size_t i = 0; i < session->armed.count; i++) {
        const struct armed *other = session->armed.list[i];
        if (other != armed && other->rule == armed->rule && other->counted)
            return true;
    }
    return false;
}

/* Counts the fault in; false when it has been injected in as many connections as allowed. */
static bool count_in(struct session *session, struct armed *armed)
{
    struct rule *rule = armed->rule;
    if (!armed->counted && !is_counted(session, armed)) {
        if (rule->fault_counter->fired >= rule->fault.times)
            return false;
        rule->fault_counter->fired++;
        if (session->fault_count < EVENT_FAULTS_MAX)
            session->faults[session->fault_count] = rule->fault_counter->name;
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
static void note_cause(struct session *session, const struct rule *rule, const struct action on[2])
{
    bool ends = action_is_ending(on[SIDE_CLIENT].kind) || on[SIDE_CLIENT].kind == ACTION_FIN ||
                on[SIDE_SERVER].kind == ACTION_FIN;
    if (session->cause != CAUSE_NONE || !ends)
        return;
    session->cause = CAUSE_FAULT;
    session->cause_fault = rule->fault_counter->name;
}

static void release(struct session *session, struct armed *armed)
{
    armed->phase = ARMED_DONE;
    actions_revert(session, armed);
}

/* Whether it has nothing left to act on: a direction whose end was passed on takes no bytes. */
static bool is_too_late(
    const struct session *session, const struct armed *armed, const struct action on[2])
{
    for (int i = 0; i < 2; i++) {
        const struct flow *flow = &session->flow[i];
        if (bits_have(armed->directions, i) && on[i].kind == ACTION_INSERT &&
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
    armed->base = flow_forwarded(&session->flow[event_direction(armed)]);
    armed->dropped = session->flow[event_direction(armed)].dropped;
    note_cause(session, armed->rule, on);
    emit_fault(session, EVENT_FAULT, armed, direction);
    actions_apply(session, armed, on);
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

/* A lasting fault has ended. What an ending leaves behind its edge must not go any more, so nothing is
 * looked at anew before. */
static void finish(struct session *session, struct armed *armed, enum fault_end_reason why)
{
    bool was_active = armed->phase == ARMED_ACTIVE;
    const struct action over = fault_over(&armed->rule->fault, why);
    if (!was_active || over.kind == ACTION_NONE) {
        release(session, armed);
        if (was_active)
            emit_fault(session, EVENT_FAULT_OVER, armed, event_direction(armed));
        return;
    }
    armed->phase = ARMED_DONE;
    note_cause(session, armed->rule, (const struct action[2]){over, over});
    emit_fault(session, EVENT_FAULT_OVER, armed, event_direction(armed));
    actions_end_session(session, &over);
}

/* An end that was passed before the fault began is one that has come. */
static bool stands_at(const struct armed *armed, const struct trigger *trigger,
    const struct match match[2], enum direction direction, uint64_t offset)
{
    if (!bits_have(armed->directions, direction))
        return false;
    return (trigger->kind == TRIGGER_BYTES && trigger->value <= offset) ||
           (trigger->kind == TRIGGER_MATCH && match[direction].edge == offset);
}

void arming_on_edge(struct session *session, enum direction direction, uint64_t offset)
{
    for (size_t i = 0; i < session->armed.count && !session->over; i++) {
        struct armed *armed = session->armed.list[i];
        const struct fault *fault = &armed->rule->fault;
        if (armed->phase == ARMED_WAITING) {
            if (stands_at(armed, &fault->when, armed->when_match, direction, offset))
                trigger(session, armed, direction);
        } else if (armed->action[direction] == ACTION_LIMIT &&
                   arming_limit_is_reached(session, armed)) {
            finish(session, armed, FAULT_EXPIRED);
        } else if (armed->phase != ARMED_DONE) {
            if (stands_at(armed, &fault->until, armed->until_match, direction, offset))
                finish(session, armed, FAULT_STOPPED);
        }
    }
}

static bool is_event(const struct armed *armed, const struct trigger *trigger,
    enum trigger_kind kind, enum direction direction)
{
    return trigger->kind == kind &&
           (!trigger_watches_direction(kind) || bits_have(armed->directions, direction));
}

void arming_on_event(struct session *session, enum trigger_kind kind, enum direction direction)
{
    for (size_t i = 0; i < session->armed.count && !session->over; i++) {
        struct armed *armed = session->armed.list[i];
        const struct fault *fault = &armed->rule->fault;
        if (armed->phase == ARMED_WAITING && is_event(armed, &fault->when, kind, direction))
            trigger(session, armed,
                trigger_watches_direction(kind) ? direction : event_direction(armed));
        else if (armed->phase != ARMED_WAITING && armed->phase != ARMED_DONE &&
                 is_event(armed, &fault->until, kind, direction))
            finish(session, armed, FAULT_STOPPED);
    }
}

/* When a trigger is due by time alone. Silence counts from when the fault was armed on. */
static time_us due(
    const struct session *session, const struct armed *armed, const struct trigger *trigger)
{
    if (trigger->kind == TRIGGER_TIME)
        return time_add(session->opened_at, trigger->value);
    if (trigger->kind == TRIGGER_IDLE && session->opened_at != TIME_NEVER)
        return time_add(armed->armed_at > session->active_at ? armed->armed_at : session->active_at,
            trigger->value);
    return TIME_NEVER;
}

/* When an active fault has gone on for as long as it may: in the past, if it has let its bytes go. */
static time_us expires_at(const struct session *session, const struct armed *armed)
{
    time_us from = armed->since;
    time_us arrived = session->arrived_at[event_direction(armed)];
    if (armed->does.kind == ACTION_HOLD_FIN) /* the duration is that of the wait */
        return TIME_NEVER;
    if (arming_limit_is_reached(session, armed))
        return armed->since;
    if (armed->does.from_last_byte && arrived > from)
        from = arrived;
    return time_add(from, armed->does.duration_us);
}

static time_us next_time_of(const struct session *session, const struct armed *armed)
{
    const struct fault *fault = &armed->rule->fault;
    time_us window_end = time_add(session->plan->started_at, fault->active.to);
    switch (armed->phase) {
    case ARMED_WAITING:
        return due(session, armed, &fault->when);
    case ARMED_PENDING:
        return time_add(session->plan->started_at, fault->active.from);
    case ARMED_ACTIVE:
        return time_min(
            time_min(expires_at(session, armed), window_end), due(session, armed, &fault->until));
    case ARMED_DONE:
        break;
    }
    return TIME_NEVER;
}

void arming_on_time(struct session *session)
{
    for (size_t i = 0; i < session->armed.count && !session->over; i++) {
        struct armed *armed = session->armed.list[i];
        if (session->now < next_time_of(session, armed))
            continue;
        if (armed->phase == ARMED_ACTIVE)
            finish(session, armed,
                session->now >= expires_at(session, armed) ? FAULT_EXPIRED : FAULT_STOPPED);
        else
            trigger(session, armed, event_direction(armed));
    }
}

time_us arming_next_time(const struct session *session)
{
    time_us next = TIME_NEVER;
    for (size_t i = 0; i < session->armed.count && !session->over; i++)
        next = time_min(next, next_time_of(session, session->armed.list[i]));
    return next;
}

/* The edge that this fault has in a direction now. */
static uint64_t edge_of(const struct armed *armed, enum direction direction, uint64_t forwarded)
{
    const struct fault *fault = &armed->rule->fault;
    bool waiting = armed->phase == ARMED_WAITING;
    const struct trigger *trigger = waiting ? &fault->when : &fault->until;
    const struct match *match = waiting ? armed->when_match : armed->until_match;
    uint64_t passed = trigger->value < forwarded ? forwarded : trigger->value;
    uint64_t edge = trigger->kind == TRIGGER_BYTES   ? passed
                    : trigger->kind == TRIGGER_MATCH ? match[direction].edge
                                                     : FLOW_NO_EDGE;
    bool here = armed->phase != ARMED_DONE && bits_have(armed->directions, direction);
    return here && edge >= forwarded ? edge : FLOW_NO_EDGE;
}

/* The edge of its limit. */
static uint64_t limit_edge(const struct session *session, const struct armed *armed,
    enum direction direction, uint64_t forwarded)
{
    uint64_t limit = arming_limit(armed);
    if (armed->action[direction] != ACTION_LIMIT || limit > forwarded)
        return armed->action[direction] == ACTION_LIMIT ? limit : FLOW_NO_EDGE;
    return arming_limit_is_reached(session, armed) ? forwarded : FLOW_NO_EDGE;
}

uint64_t arming_next_edge(
    const struct session *session, enum direction direction, uint64_t forwarded)
{
    uint64_t edge = FLOW_NO_EDGE;
    for (size_t i = 0; i < session->armed.count && !session->over; i++) {
        const struct armed *armed = session->armed.list[i];
        uint64_t own = edge_of(armed, direction, forwarded);
        uint64_t limit = limit_edge(session, armed, direction, forwarded);
        own = limit < own ? limit : own;
        edge = own < edge ? own : edge;
    }
    return edge;
}

/* Whether the event that the fault waits for is past. */
static bool has_come(const struct session *session, const struct armed *armed)
{
    const struct trigger *when = &armed->rule->fault.when;
    bool come = when->kind == TRIGGER_ACCEPT || armed->rule->fault.type->at_accept;
    if (when->kind == TRIGGER_TIME)
        come = time_add(session->opened_at, when->value) < session->now;
    for (int d = 0; d < 2; d++) {
        if (!bits_have(armed->directions, d))
            continue;
        if (when->kind == TRIGGER_BYTES)
            come |= flow_forwarded(&session->flow[d]) > when->value;
        else if (when->kind == TRIGGER_EOF)
            come |= session->side[d].eof_told;
    }
    return come;
}

void arming_join(struct session *session, struct armed *armed)
{
    struct action on[2];
    if (session->over || has_come(session, armed)) {
        armed->phase = ARMED_DONE;
        return;
    }
    fault_arm(&armed->rule->fault, on);
    actions_apply(session, armed, on);
    if (armed->rule->fault.when.kind == TRIGGER_OPEN && session->opened_at != TIME_NEVER)
        trigger(session, armed, event_direction(armed));
}

static bool same_trigger(const struct trigger *a, const struct trigger *b)
{
    return a->kind == b->kind && a->value == b->value && a->edge == b->edge &&
           a->pattern_len == b->pattern_len && memcmp(a->pattern, b->pattern, a->pattern_len) == 0;
}

static bool shares_state(const struct fault *fault)
{
    return fault->type->shares_state != NULL && fault->type->shares_state(fault->params);
}

bool arming_can_change(const struct armed *armed, const struct rule *to)
{
    const struct fault *old = &armed->rule->fault, *new = &to->fault;
    struct action was[2], is[2];
    if (old->type != new->type || old->directions != new->directions || old->sides != new->sides ||
        !same_trigger(&old->when, &new->when) || shares_state(old) != shares_state(new))
        return false;
    fault_fire(old, was);
    fault_fire(new, is);
    return was[0].kind == is[0].kind && was[1].kind == is[1].kind;
}

void arming_change(struct session *session, struct armed *armed, struct rule *to)
{
    struct action on[2];
    if (armed->phase == ARMED_DONE) /* what it inserts may still point into its rule */
        return;
    if (!same_trigger(&armed->rule->fault.until, &to->fault.until))
        for (int d = 0; d < 2; d++)
            armed->until_match[d] = (struct match){.edge = FLOW_NO_EDGE};
    rule_unref(armed->rule);
    armed->rule = rule_ref(to);
    armed->state = shares_state(&to->fault) ? to->shared_state : armed->own_state;
    if (armed->phase == ARMED_ACTIVE) {
        fault_fire(&to->fault, on);
        actions_change(session, armed, on);
    } else if (to->fault.type->arm != NULL) {
        fault_arm(&to->fault, on);
        actions_revert(session, armed);
        actions_apply(session, armed, on);
    }
}

void arming_remove(struct session *session, struct armed *armed)
{
    finish(session, armed, FAULT_STOPPED);
}
