/* SPDX-License-Identifier: MIT */
/*
 * Fires armed faults. session.c calls triggers_on_edge(), triggers_on_event() and
 * triggers_on_time(). For each fault whose trigger has come, they lead to
 *
 *   on_trigger -> fire_after_delay -> fire_if_active -> fire_fault
 *
 * and fire_fault() asks the type for its action on each socket, counts the fault, emits the event
 * `fault`, and calls actions_apply(). The end of a lasting fault leads to end_fault(), which emits
 * the event `fault_over`.
 */
#include "proxy/relay/triggers.h"

#include <string.h>

#include "proxy/relay/actions.h"
#include "proxy/relay/messages.h"
#include "proxy/relay/session_events.h"
#include "proxy/relay/shaping.h"
#include "proxy/relay/side.h"

void triggers_prepare(struct session *session)
{
    for (size_t i = 0; i < session->armed.count; i++) {
        struct action on[2];
        if (session->armed.list[i]->phase < ARMED_WAITING)
            continue;
        fault_actions_at_open(&session->armed.list[i]->rule->fault, on);
        if (on[0].kind != ACTION_NONE || on[1].kind != ACTION_NONE)
            actions_apply(session, session->armed.list[i], on);
    }
    session_recompute(session);
}

/* --- firing --- */

static void emit_fault(struct session *session, enum event_kind kind,
    const struct armed_fault *armed, enum direction direction)
{
    uint64_t offset = flow_forwarded(&session->flow[direction]);
    session_emit_fault(session, kind, armed, direction, offset, 0);
}

static time_us since_start(const struct session *session)
{
    return session->now - session->plan->started_at;
}

static void retire(struct session *session, struct armed_fault *armed, enum armed_miss miss)
{
    armed->phase = ARMED_DONE;
    armed->miss = miss;
    actions_revert(session, armed);
}

/* Whether the fault has nothing left to act on: the direction of an insertion has ended, or the one
 * byte that it would change is already forwarded. */
static bool is_too_late(
    const struct session *session, const struct armed_fault *armed, const struct action on[2])
{
    for (int i = 0; i < 2; i++) {
        const struct flow *flow = &session->flow[i];
        if (!bits_have(armed->directions, i))
            continue;
        if (on[i].kind == ACTION_INSERT && (flow->cut || flow->finished))
            return true;
        if (fault_place(&armed->rule->fault) < flow_changed_to(flow))
            return true;
    }
    return false;
}

/* Marks the faults that wait for this one on the same connection: arm_unchained() arms them. */
static void unchain(struct session *session, const struct fault *first)
{
    for (size_t i = 0; i < session->armed.count && session->chains; i++) {
        struct armed_fault *armed = session->armed.list[i];
        const struct after *after = &armed->rule->fault.after;
        if (armed->phase == ARMED_CHAINED && !after->any && strcmp(after->name, first->name) == 0)
            armed->unchained = true;
    }
}

/* Searches the pending bytes for the match that the fault now waits for. */
static void search_waiting(struct session *session, struct armed_fault *armed)
{
    for (struct flow *flow = session->flow; flow < session->flow + 2; flow++)
        if (flow->shaping != NULL)
            shaping_search(flow->shaping, armed, &flow->ring, session->now);
}

static void begin(struct session *session, struct armed_fault *armed, const struct action on[2])
{
    armed->phase = armed->rule->fault.type->lasting ? ARMED_ACTIVE : ARMED_DONE;
    armed->since = session->now;
    armed->acted = false;
    armed->base = flow_forwarded(&session->flow[armed_direction(armed)]);
    armed->dropped = session->flow[armed_direction(armed)].dropped;
    if (armed->phase == ARMED_ACTIVE && armed->rule->fault.until.kind == TRIGGER_MATCH)
        search_waiting(session, armed);
    session_note_fault(session, armed->rule, on);
}

/* Whether the kernel does what the fault needs. If not, an event tells why. */
static bool attach(struct session *session, struct armed_fault *armed, const struct action on[2])
{
    enum direction direction = armed_direction(armed);
    int result = actions_attach(session, armed, on);
    if (result != 0)
        session_emit_fault(session, EVENT_FAULT_FAILED, armed, direction,
            flow_forwarded(&session->flow[direction]), -result);
    return result == 0;
}

/* The trigger came, and `active` allows it. `limit_data` counts when its limit is reached. */
static void fire_fault(struct session *session, struct armed_fault *armed, enum direction direction)
{
    const struct fault *fault = &armed->rule->fault;
    struct action on[2];
    fault_actions_at_trigger(fault, on);
    bool waits = fault_fires_later(fault);
    enum armed_miss miss = is_too_late(session, armed, on) ? MISS_ENDED
                           : !armed_may_count(armed)       ? MISS_TIMES
                           : !attach(session, armed, on)   ? MISS_REFUSED
                                                           : MISS_NONE;
    if (miss != MISS_NONE || (!waits && !armed_count(armed))) {
        retire(session, armed, miss);
        return;
    }
    begin(session, armed, on);
    if (!waits)
        emit_fault(session, EVENT_FAULT, armed,
            fault_works_on_direction(fault) ? armed_direction(armed) : direction);
    actions_apply(session, armed, on);
    if (!waits)
        unchain(session, fault);
}

/* The trigger came, and its delay is over. A lasting fault whose `active` has not begun waits
 * for it; any other fault is too early or too late. */
static void fire_if_active(
    struct session *session, struct armed_fault *armed, enum direction direction)
{
    const struct fault *fault = &armed->rule->fault;
    if (active_time_has(&fault->active, since_start(session)))
        fire_fault(session, armed, direction);
    else if (fault->type->lasting && since_start(session) < fault->active.from)
        armed->phase = ARMED_PENDING;
    else
        retire(session, armed, MISS_INACTIVE);
}

/* The trigger came. While a trigger_delay runs, shaping.c holds the bytes behind an edge that is
 * before a match. */
static void fire_after_delay(
    struct session *session, struct armed_fault *armed, enum direction direction)
{
    uint64_t delay_us = armed->rule->fault.trigger_delay_us;
    struct action on[2];
    if (delay_us == 0) {
        fire_if_active(session, armed, direction);
        return;
    }
    armed->phase = ARMED_DELAYED;
    armed->fires_at = time_add(session->now, delay_us);
    armed->fires_in = direction;
    fault_actions_in_delay(&armed->rule->fault, on);
    actions_apply(session, armed, on);
}

/* Puts the edge at the forwarded offset: the held bytes lie after it, and an ending drops them. */
static void on_delay_over(struct session *session, struct armed_fault *armed)
{
    struct flow *flow = &session->flow[armed->fires_in];
    if (armed->rule->fault.when.edge == EDGE_BEFORE && !flow->cut)
        flow_set_edge(flow, flow_forwarded(flow));
    fire_if_active(session, armed, armed->fires_in);
    session->outdated = true;
}

/* A fault that waits for every K-th message begins again at the next one. */
static void await_again(struct session *session, struct armed_fault *armed)
{
    armed->phase = ARMED_WAITING;
    for (int d = 0; d < 2; d++)
        armed->when_match[d].edge = armed->until_match[d].edge = FLOW_NO_EDGE;
    session_recompute(session);
}

/* Counts a fault whose limit is reached. False: its `times` are used up, and it does nothing. */
static bool reach_limit(struct session *session, struct armed_fault *armed)
{
    if (!armed_is_idle(armed))
        return true;
    if (!armed_count(armed))
        return false;
    armed->acted = true;
    emit_fault(session, EVENT_FAULT, armed, armed_direction(armed));
    return true;
}

/* A lasting fault ends, and does nothing else. */
static void stop(struct session *session, struct armed_fault *armed, enum fault_end_reason why)
{
    bool was_active = armed->phase == ARMED_ACTIVE, idle = armed_is_idle(armed);
    retire(session, armed,
        armed->phase == ARMED_PENDING ? MISS_INACTIVE
        : !idle                       ? MISS_NONE
        : armed_may_count(armed)      ? MISS_NOT_YET
                                      : MISS_TIMES);
    if (was_active && !idle)
        emit_fault(session, EVENT_FAULT_OVER, armed, armed_direction(armed));
    if (was_active && armed->acted) /* it may be over before its first changed byte is forwarded */
        unchain(session, &armed->rule->fault);
    if (was_active && armed->rule->fault.when.every && why == FAULT_EXPIRED)
        await_again(session, armed);
}

/* A lasting fault has ended. If that closes the connection, its edge stays, because
 * session_recompute() skips a side in teardown: no byte past the edge is sent. */
static void end_fault(struct session *session, struct armed_fault *armed, enum fault_end_reason why)
{
    const struct action over = fault_action_at_end(&armed->rule->fault, why);
    if (armed->phase != ARMED_ACTIVE || over.kind == ACTION_NONE || !reach_limit(session, armed)) {
        stop(session, armed, why);
        return;
    }
    armed->phase = ARMED_DONE;
    session_note_fault(session, armed->rule, (const struct action[2]){over, over});
    emit_fault(session, EVENT_FAULT_OVER, armed, armed_direction(armed));
    actions_end_session(session, &over);
}

/* The trigger that the fault watches came. */
static void on_trigger(struct session *session, struct armed_fault *armed, enum direction direction)
{
    if (armed->phase == ARMED_WAITING)
        fire_after_delay(session, armed, direction);
    else
        end_fault(session, armed, FAULT_STOPPED);
}

/* Whether the fault ends the connection. */
static bool ends_connection(const struct fault *fault)
{
    struct action on[2];
    fault_actions_at_trigger(fault, on);
    return action_is_ending(on[SIDE_CLIENT].kind) || action_is_ending(on[SIDE_SERVER].kind);
}

/* Whether a fault that waits for the open starts now. While the upstream is dialled an ending that
 * was meant for this connection alone does not wait for it. */
static bool starts_late(const struct session *session, const struct armed_fault *armed)
{
    const struct rule *rule = armed->rule;
    if (rule->fault.when.kind != TRIGGER_OPEN)
        return false;
    return session->opened_at != TIME_NEVER ||
           (rule->origin == RULE_FOR_CONNECTION && ends_connection(&rule->fault));
}

/* Arms a fault in the middle of a connection, as far as its moment is not past: one that waits for
 * the open fires now. */
static void arm_now(struct session *session, struct armed_fault *armed)
{
    struct action on[2];
    if (session->over || armed_is_past(session, armed)) {
        armed->phase = ARMED_DONE;
        armed->miss = MISS_PAST;
        return;
    }
    fault_actions_at_open(&armed->rule->fault, on);
    actions_apply(session, armed, on);
    if (starts_late(session, armed))
        fire_after_delay(session, armed, armed_direction(armed));
}

/* Arms a fault after the one it waited for: it counts, and looks for its match, from the next byte
 * on. */
static void arm_chained(struct session *session, struct armed_fault *armed)
{
    armed->phase = ARMED_WAITING;
    armed->unchained = false;
    armed->armed_at = armed->counts_from = session->now;
    for (int d = 0; d < 2; d++) {
        struct flow *flow = &session->flow[d];
        armed->counts_at[d] = flow_forwarded(flow);
    }
    search_waiting(session, armed);
    if (session->messages != NULL)
        messages_arm(session->messages, armed);
    arm_now(session, armed);
}

/* Arms the faults whose `sni` has the server that was just named. */
static void arm_named(struct session *session)
{
    const struct rule *counted = NULL;
    session->named = false;
    for (size_t i = 0; i < session->armed.count && !session->over; i++) {
        struct armed_fault *armed = session->armed.list[i];
        if (armed->phase != ARMED_UNNAMED)
            continue;
        armed_name(session, armed);
        if (armed->phase != ARMED_WAITING)
            continue;
        if (armed->rule != counted)
            armed->rule->fault_counter->armed++;
        counted = armed->rule;
        armed_chain(session, armed);
        messages_forget_past(session->messages, armed);
        if (armed->phase != ARMED_WAITING)
            continue;
        search_waiting(session, armed);
        arm_now(session, armed);
    }
}

/* Arms the faults that waited for one that has just fired. They may fire at once, and others may
 * wait for them. */
static void arm_unchained(struct session *session)
{
    for (bool again = session->chains; again && !session->over;) {
        again = false;
        for (size_t i = 0; i < session->armed.count && !session->over; i++) {
            struct armed_fault *armed = session->armed.list[i];
            if (armed->phase != ARMED_CHAINED || !armed->unchained)
                continue;
            arm_chained(session, armed);
            again = true;
        }
    }
}

void triggers_on_edge(struct session *session, enum direction direction, uint64_t offset)
{
    if (session->named)
        arm_named(session);
    for (size_t i = 0; i < session->armed.count && !session->over; i++) {
        struct armed_fault *armed = session->armed.list[i];
        if (armed_acted_before(armed, direction, offset))
            unchain(session, &armed->rule->fault);
        if (armed_ends_at(session, armed, direction, offset))
            end_fault(session, armed, FAULT_EXPIRED);
        else if (armed_stands_at(armed, direction, offset))
            on_trigger(session, armed, direction);
    }
    arm_unchained(session);
    session_recompute(session);
}

void triggers_report_let_go(struct session *session, enum direction direction)
{
    for (size_t i = 0; i < session->armed.count; i++) {
        struct armed_fault *armed = session->armed.list[i];
        if (armed->let_go_reported || armed_match(armed)[direction].let_go == 0)
            continue;
        armed->let_go_reported = true;
        emit_fault(session, EVENT_MATCH_LET_GO, armed, direction);
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
            on_trigger(session, armed,
                trigger_watches_direction(kind) ? direction : armed_direction(armed));
    }
    arm_unchained(session);
    session_recompute(session);
}

static void on_time(struct session *session, struct armed_fault *armed)
{
    if (armed->phase == ARMED_ACTIVE)
        end_fault(session, armed,
            session->now >= armed_expires_at(session, armed) ? FAULT_EXPIRED : FAULT_STOPPED);
    else if (armed->phase == ARMED_DELAYED)
        on_delay_over(session, armed);
    else if (armed->phase == ARMED_PENDING && since_start(session) < armed->rule->fault.active.from)
        end_fault(session, armed, FAULT_STOPPED); /* `until` comes before the window */
    else if (armed->phase == ARMED_PENDING)
        fire_if_active(session, armed, armed_direction(armed));
    else if (armed->phase == ARMED_WAITING)
        fire_after_delay(session, armed, armed_direction(armed));
}

void triggers_on_time(struct session *session)
{
    for (size_t i = 0; i < session->armed.count && !session->over; i++) {
        struct armed_fault *armed = session->armed.list[i];
        if (session->now >= armed_time(session, armed))
            on_time(session, armed);
    }
    arm_unchained(session);
    session_recompute(session);
}

void triggers_arm_late(struct session *session, struct armed_fault *armed)
{
    armed_chain(session, armed);
    if (armed->phase != ARMED_WAITING)
        return;
    if (armed->rule->fault.after.name[0] != '\0') {
        arm_chained(session, armed);
    } else {
        if (session->messages != NULL)
            messages_arm(session->messages, armed);
        arm_now(session, armed);
    }
    arm_unchained(session);
}

void triggers_change(struct session *session, struct armed_fault *armed, struct rule *to)
{
    struct action on[2];
    if (armed->phase == ARMED_DONE) /* its insertion may still point into its rule */
        return;
    if (!trigger_equal(&armed->rule->fault.until, &to->fault.until))
        for (int d = 0; d < 2; d++)
            armed->until_match[d] = (struct match){.edge = FLOW_NO_EDGE};
    rule_unref(armed->rule);
    armed_follow(armed, rule_ref(to));
    if (armed->phase == ARMED_ACTIVE) {
        fault_actions_at_trigger(&to->fault, on);
        actions_change(session, armed, on);
    } else if (armed->phase == ARMED_WAITING && to->fault.type->arm != NULL) {
        fault_actions_at_open(&to->fault, on);
        actions_revert(session, armed);
        actions_apply(session, armed, on);
    }
}

void triggers_remove(struct session *session, struct armed_fault *armed)
{
    end_fault(session, armed, FAULT_STOPPED);
}
