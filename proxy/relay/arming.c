/* SPDX-License-Identifier: MIT */
/* The faults of one session: see arming.h. A fault's action is carried out in apply(), the one
 * switch between what faults ask for and what sessions do. */
#include "proxy/relay/arming.h"

#include <errno.h>
#include <stdlib.h>

#include "proxy/relay/session.h"

static bool concerns(const struct rule *rule, uint64_t number)
{
    return selection_has(&rule->fault.connections, number) &&
           rule->tally->fired < rule->fault.times;
}

int arming_select(struct session *session)
{
    const struct plan *plan = session->plan;
    size_t count = 0;
    for (size_t i = 0; i < plan->rule_count; i++)
        count += concerns(&plan->rules[i], session->number);
    if (count == 0)
        return 0;
    session->armed = calloc(count, sizeof session->armed[0]);
    if (session->armed == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < plan->rule_count; i++) {
        if (!concerns(&plan->rules[i], session->number))
            continue;
        plan->rules[i].tally->armed++;
        session->armed[session->armed_count++].rule = &plan->rules[i];
    }
    return 0;
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

/* The one place where the actions of faults become deeds. */
static void apply(struct session *session, enum side side, const struct action *action)
{
    switch (action->kind) {
    case ACTION_NONE:
        break;
    case ACTION_FIN:
        early_fin(session, side);
        break;
    case ACTION_HOLD_FIN:
        hold_fin(session, side, action->duration_us);
        break;
    case ACTION_STOP_READING:
        session->flow[side].intake = FLOW_LEAVE;
        break;
    case ACTION_DISCARD:
        session->flow[side].intake = FLOW_DROP;
        session->flow[side].edge = FLOW_NO_EDGE;
        break;
    case ACTION_CLOSE_GRACEFUL:
    case ACTION_CLOSE_PLAIN:
    case ACTION_CLOSE_UNREAD:
    case ACTION_RESET_ABRUPT:
    case ACTION_RESET_DRAIN:
    case ACTION_RESET_AFTER_FIN:
    case ACTION_RESET_ON_DATA:
    case ACTION_HOLD:
        ending_begin(session, side, action);
        break;
    }
}

static void apply_both(struct session *session, const struct action on[2])
{
    session->again = true;
    apply(session, SIDE_CLIENT, &on[SIDE_CLIENT]);
    apply(session, SIDE_SERVER, &on[SIDE_SERVER]);
}

void arming_prepare(struct session *session)
{
    for (size_t i = 0; i < session->armed_count; i++) {
        struct action on[2];
        fault_arm(&session->armed[i].rule->fault, on);
        apply_both(session, on);
    }
}

static void emit_fault(struct session *session, const struct fault *fault, enum direction direction)
{
    const struct event event = {
        .kind = EVENT_FAULT,
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

static void fire(struct session *session, struct armed *armed, enum direction direction)
{
    const struct rule *rule = armed->rule;
    armed->done = true;
    if (rule->tally->fired >= rule->fault.times)
        return;
    rule->tally->fired++;
    if (session->fault_count < EVENT_FAULTS_MAX)
        session->faults[session->fault_count] = rule->fault.name;
    session->fault_count++;
    struct action on[2];
    fault_fire(&rule->fault, on);
    if (session->cause == CAUSE_NONE && action_is_ending(on[SIDE_CLIENT].kind)) {
        session->cause = CAUSE_FAULT;
        session->cause_fault = rule->fault.name;
    }
    emit_fault(session, &rule->fault, direction);
    apply_both(session, on);
}

static bool stands_at(const struct session *session, const struct fault *fault,
    enum direction direction, uint64_t value)
{
    if (trigger_watches_direction(fault->when.kind) && (fault->directions & (1u << direction)) == 0)
        return false;
    if (fault->when.kind == TRIGGER_BYTES)
        return fault->when.value == value;
    if (fault->when.kind == TRIGGER_TIME)
        return time_add(session->opened_at, fault->when.value) <= value;
    return true;
}

/* The direction an event of this fault speaks of when its trigger watches none. */
static enum direction named_direction(const struct fault *fault)
{
    return fault->directions == BOTH_FIRST ? DIRECTION_UPSTREAM : DIRECTION_DOWNSTREAM;
}

void arming_fire(
    struct session *session, enum trigger_kind kind, enum direction direction, uint64_t value)
{
    for (size_t i = 0; i < session->armed_count && !session->over; i++) {
        struct armed *armed = &session->armed[i];
        const struct fault *fault = &armed->rule->fault;
        if (armed->done || fault->when.kind != kind || !stands_at(session, fault, direction, value))
            continue;
        fire(session, armed, trigger_watches_direction(kind) ? direction : named_direction(fault));
    }
}

uint64_t arming_next_edge(const struct session *session, enum direction direction, uint64_t handed)
{
    uint64_t edge = FLOW_NO_EDGE;
    for (size_t i = 0; i < session->armed_count && !session->over; i++) {
        const struct armed *armed = &session->armed[i];
        const struct fault *fault = &armed->rule->fault;
        bool here = fault->when.kind == TRIGGER_BYTES &&
                    (fault->directions & (1u << direction)) != 0 && fault->when.value >= handed;
        if (!armed->done && here && fault->when.value < edge)
            edge = fault->when.value;
    }
    return edge;
}

time_us arming_next_time(const struct session *session)
{
    time_us next = TIME_NEVER;
    for (size_t i = 0; i < session->armed_count && !session->over; i++) {
        const struct armed *armed = &session->armed[i];
        if (!armed->done && armed->rule->fault.when.kind == TRIGGER_TIME)
            next = time_min(next, time_add(session->opened_at, armed->rule->fault.when.value));
    }
    return next;
}
