/* SPDX-License-Identifier: MIT */
/*
 * Fires one armed fault, and ends it. For a fault whose trigger has come, firing_on_trigger() leads
 * to
 *
 *   fire_after_delay -> fire_if_active -> fire_fault
 *
 * and fire_fault() asks the type for its action on each socket, counts the fault, emits the event
 * `fault`, and calls actions_apply(). The end of a lasting fault leads to firing_end(), which emits
 * the event `fault_over`.
 */
#include "proxy/relay/firing.h"

#include "proxy/relay/actions.h"
#include "proxy/relay/chains.h"
#include "proxy/relay/emit.h"
#include "proxy/relay/session_events.h"
#include "proxy/relay/shaping.h"

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

/* One that is done already keeps its reason. */
static void retire(struct session *session, struct armed_fault *armed, enum armed_miss miss)
{
    if (armed->phase != ARMED_DONE)
        armed->miss = miss;
    armed->phase = ARMED_DONE;
    list_remove(&armed->chain_link);
    actions_revert(session, armed);
    actions_release(session);
}

/* Whether an action finds nothing left to act on: its bytes and their FIN have passed. */
static bool finds_nothing(const struct session *session, int side, enum action_kind kind)
{
    const struct flow *flow = &session->flow[side];
    const struct flow *towards = &session->flow[!side];
    bool fin_is_next = session->side[!side].fin_wanted && flow_is_delivered(flow);
    switch (kind) {
    case ACTION_FIN:
        return session->side[side].fin_sent || towards->finished ||
               (session->side[side].fin_wanted && flow_is_delivered(towards));
    case ACTION_INSERT:
        return flow->cut || flow->finished;
    case ACTION_HOLD_FIN:
    case ACTION_STOP_READING:
    case ACTION_DISCARD:
    case ACTION_SHAPE:
        return flow->finished || fin_is_next;
    default:
        return false;
    }
}

/* Whether the fault has nothing left to act on: the directions that it works on have ended, and its
 * end does not close the connection; or the one byte that it would change is already forwarded. */
static bool is_too_late(
    const struct session *session, const struct armed_fault *armed, const struct action on[2])
{
    const struct fault *fault = &armed->rule->fault;
    unsigned actions = 0, useless = 0;
    for (int i = 0; i < 2; i++) {
        bool concerned = bits_have(armed->directions, i);
        if (concerned && fault_place(fault) < flow_changed_to(&session->flow[i]))
            return true;
        if (on[i].kind == ACTION_NONE || (fault_works_on_direction(fault) && !concerned))
            continue;
        actions++;
        useless += finds_nothing(session, i, on[i].kind);
    }
    return actions > 0 && useless == actions && fault->type->over == NULL &&
           !fault_fires_later(fault);
}

/* Searches the pending bytes for the match that the fault now waits for. */
void firing_search(struct session *session, struct armed_fault *armed)
{
    for (struct flow *flow = session->flow; flow < session->flow + 2; flow++)
        if (flow->shaping != NULL)
            shaping_search(flow->shaping, armed, &flow->ring, session->now);
}

/* Searches the pending bytes for the match that ends the fault. */
static void search_until(struct session *session, struct armed_fault *armed)
{
    if (armed->rule->fault.until.kind == TRIGGER_MATCH)
        firing_search(session, armed);
}

static void begin(struct session *session, struct armed_fault *armed, const struct action on[2])
{
    bool watched_until = armed->phase == ARMED_PENDING;
    armed->phase = armed->rule->fault.type->lasting ? ARMED_ACTIVE : ARMED_DONE;
    armed->since = session->now;
    armed->acted = false;
    armed->base = flow_forwarded(&session->flow[armed_direction(armed)]);
    armed->dropped = session->flow[armed_direction(armed)].dropped;
    if (armed->phase == ARMED_ACTIVE && !watched_until)
        search_until(session, armed);
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

void firing_on_connected(struct session *session)
{
    for (size_t i = 0; i < session->armed.count; i++) {
        struct armed_fault *armed = session->armed.list[i];
        struct action on[2];
        if (armed->action[SIDE_SERVER] != ACTION_FILTER)
            continue;
        fault_actions_at_trigger(&armed->rule->fault, on);
        if (!attach(session, armed, on))
            retire(session, armed, MISS_REFUSED);
    }
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
        chains_mark(session, fault);
}

/* From now on `until` is watched: the fault does nothing if that comes before its window. */
static void await_window(struct session *session, struct armed_fault *armed)
{
    armed->phase = ARMED_PENDING;
    session->outdated = true;
    search_until(session, armed);
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
        await_window(session, armed);
    else
        retire(session, armed, MISS_INACTIVE);
}

/* The trigger came. While a trigger_delay runs, bytes behind an `edge = before` are withheld. */
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
    armed->at_edge[direction] = armed->rule->fault.when.edge == EDGE_BEFORE;
    fault_actions_in_delay(&armed->rule->fault, on);
    actions_apply(session, armed, on);
}

/* Whether arming_on_fired() will arm faults at this edge. */
static bool arms_others(const struct session *session)
{
    for (size_t i = 0; i < session->armed.count && session->chains; i++)
        if (armed_leaves_chain(session->armed.list[i]))
            return true;
    return false;
}

/* Puts the edge at the forwarded offset: the held bytes lie after it, and an ending drops them. If
 * nothing does, they go on at once: another fault that acts in the same moment would drop them. */
static void on_delay_over(struct session *session, struct armed_fault *armed)
{
    enum direction direction = armed->fires_in;
    struct flow *flow = &session->flow[direction];
    bool withholds = armed->rule->fault.when.edge == EDGE_BEFORE && !flow->cut;
    if (withholds)
        flow_set_edge(flow, flow_forwarded(flow));
    fire_if_active(session, armed, direction);
    session->outdated = true;
    if (!withholds || flow->cut || session->over || arms_others(session))
        return;
    actions_release(session);
    if (!flow->withheld)
        flow_set_edge(flow, armed_next_edge(session, direction, flow_forwarded(flow)));
}

/* A fault that waits for every K-th message begins again at the next one. The messages of `until`
 * count from the start of the connection, its matches from where the fault begins. */
static void await_again(struct session *session, struct armed_fault *armed)
{
    bool counts_on = armed->rule->fault.until.kind == TRIGGER_MESSAGE;
    armed->phase = ARMED_WAITING;
    for (int d = 0; d < 2; d++) {
        armed->when_match[d].edge = FLOW_NO_EDGE;
        if (!counts_on)
            armed->until_match[d] = (struct match){0};
        armed->until_match[d].edge = FLOW_NO_EDGE;
    }
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

/* Why a fault that ends did not fire. */
static enum armed_miss miss_at_end(const struct armed_fault *armed, enum fault_end_reason why)
{
    if (why == FAULT_REMOVED)
        return MISS_REMOVED;
    if (armed->phase == ARMED_PENDING)
        return MISS_INACTIVE;
    if (!armed_is_idle(armed))
        return MISS_NONE;
    return armed_may_count(armed) ? MISS_NOT_YET : MISS_TIMES;
}

/* A lasting fault ends, and does nothing else. */
static void stop(struct session *session, struct armed_fault *armed, enum fault_end_reason why)
{
    bool was_active = armed->phase == ARMED_ACTIVE, idle = armed_is_idle(armed);
    retire(session, armed, miss_at_end(armed, why));
    if (was_active && !idle)
        emit_fault(session, EVENT_FAULT_OVER, armed, armed_direction(armed));
    if (was_active && armed->acted) /* it may be over before its first changed byte is forwarded */
        chains_mark(session, &armed->rule->fault);
    if (was_active && armed->rule->fault.when.every && why == FAULT_EXPIRED)
        await_again(session, armed);
}

/* A lasting fault has ended. If that closes the connection, its edge stays, because
 * session_recompute() skips a side in teardown: no byte past the edge is sent. */
void firing_end(struct session *session, struct armed_fault *armed, enum fault_end_reason why)
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
void firing_on_trigger(struct session *session, struct armed_fault *armed, enum direction direction)
{
    if (armed->phase == ARMED_WAITING)
        fire_after_delay(session, armed, direction);
    else
        firing_end(session, armed, FAULT_STOPPED);
}

/* Whether `until` of a pending fault comes before its window, in a run that may come after both. */
static bool is_over_before_window(const struct session *session, const struct armed_fault *armed)
{
    time_us window = time_add(session->plan->started_at, armed->rule->fault.active.from);
    return armed_time(session, armed) < window;
}

static void waiting_on_time(struct session *session, struct armed_fault *armed)
{
    enum armed_miss miss = armed_early_end(session, armed);
    if (miss != MISS_NONE)
        retire(session, armed, miss);
    else
        fire_after_delay(session, armed, armed_direction(armed));
}

static void pending_on_time(struct session *session, struct armed_fault *armed)
{
    if (is_over_before_window(session, armed))
        firing_end(session, armed, FAULT_STOPPED);
    else
        fire_if_active(session, armed, armed_direction(armed));
}

static void active_on_time(struct session *session, struct armed_fault *armed)
{
    bool expired = armed_expires_at(session, armed) == armed_time(session, armed);
    firing_end(session, armed, expired ? FAULT_EXPIRED : FAULT_STOPPED);
}

void firing_on_time(struct session *session, struct armed_fault *armed)
{
    switch (armed->phase) {
    case ARMED_WAITING:
        waiting_on_time(session, armed);
        break;
    case ARMED_DELAYED:
        on_delay_over(session, armed);
        break;
    case ARMED_PENDING:
        pending_on_time(session, armed);
        break;
    case ARMED_ACTIVE:
        active_on_time(session, armed);
        break;
    case ARMED_UNNAMED:
    case ARMED_CHAINED:
    case ARMED_DONE:
        break;
    }
}
