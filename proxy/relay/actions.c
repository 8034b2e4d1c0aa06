/* SPDX-License-Identifier: MIT */
/*
 * Carries out actions: firing.c calls actions_apply(), and apply() is the one switch over their
 * kinds. An ending begins a teardown on each socket (teardown.c). A lasting action is noted in its
 * armed fault, and session_recompute() derives from all active faults how the session reads,
 * filters and holds FINs.
 */
#include "proxy/relay/actions.h"

#include <errno.h>

#include "proxy/relay/armed.h"
#include "proxy/relay/emit.h"
#include "proxy/relay/held_fin.h"
#include "proxy/relay/messages.h"
#include "proxy/relay/shaping.h"
#include "proxy/relay/teardown.h"

static bool does_any(const struct session *session, enum side side, enum action_kind kind)
{
    for (size_t i = 0; i < session->armed.count; i++)
        if (session->armed.list[i]->action[side] == kind)
            return true;
    return false;
}

/* Returns what happens to bytes that arrive from a side, given all active faults. */
static enum flow_read_mode read_mode_of(const struct session *session, enum side side)
{
    bool drop = does_any(session, side, ACTION_DISCARD);
    if (does_any(session, side, ACTION_STOP_READING))
        return FLOW_PAUSE;
    for (size_t i = 0; i < session->armed.count && !drop; i++) {
        const struct armed_fault *armed = session->armed.list[i];
        drop = armed->action[side] == ACTION_LIMIT &&
               armed_limit(armed) <= flow_forwarded(&session->flow[side]);
    }
    return drop ? FLOW_DISCARD : FLOW_FORWARD;
}

/* Whether reading from a side goes on at a time that is known: every stall of it has an end. */
static bool resumes_by_time(const struct session *session, enum side side)
{
    for (size_t i = 0; i < session->armed.count; i++) {
        const struct armed_fault *armed = session->armed.list[i];
        if (armed->action[side] == ACTION_STOP_READING &&
            (armed->phase != ARMED_ACTIVE || armed_time(session, armed) == TIME_NEVER))
            return false;
    }
    return true;
}

static void refresh_read_mode(struct session *session, enum side side)
{
    enum flow_read_mode read_mode = read_mode_of(session, side);
    if (read_mode == FLOW_PAUSE && resumes_by_time(session, side))
        flow_pause_for_a_time(&session->flow[side]);
    else
        flow_set_read_mode(&session->flow[side], read_mode);
}

/* Returns what happens to the bytes behind an edge of the flow, given all faults that began there:
 * they stay for a stall, and while a trigger_delay runs. */
static enum flow_read_mode behind_edge_of(const struct session *session, enum side side)
{
    enum flow_read_mode how = FLOW_FORWARD;
    for (size_t i = 0; i < session->armed.count; i++) {
        const struct armed_fault *armed = session->armed.list[i];
        if (!armed->at_edge[side])
            continue;
        if (armed->phase == ARMED_DELAYED || armed->action[side] == ACTION_STOP_READING)
            return FLOW_PAUSE;
        if (armed->action[side] == ACTION_DISCARD)
            how = FLOW_DISCARD;
    }
    return how;
}

/* Returns 0; -ENOSPC: more than a socket can have; or -errno: the kernel refuses, and keeps the
 * filters that were attached before. */
static int refresh_filters(struct session *session, enum side side)
{
    int result = 0;
    struct packet_filter filters[ENDPOINT_FILTERS_MAX];
    struct endpoint *ep = session->side[side].ep;
    unsigned count = teardown_filter(&session->side[side].teardown, &filters[0]) ? 1 : 0;
    for (size_t i = 0; i < session->armed.count; i++) {
        if (session->armed.list[i]->action[side] != ACTION_FILTER)
            continue;
        if (count == ENDPOINT_FILTERS_MAX)
            return -ENOSPC;
        filters[count++] = session->armed.list[i]->does.filter;
    }
    if (ep != NULL && (count > 0 || session->side[side].filter_count > 0))
        result = ep->ops->set_filters(ep, filters, count);
    session->side[side].filter_count = count;
    return result;
}

/* Does not move an edge at which the flow stands now: an ending that fires there has to drop the
 * bytes after it. at_edge() of session.c sets the next edge when all faults have fired. */
static void recompute_edge(struct session *session, enum direction direction)
{
    struct flow *flow = &session->flow[direction];
    if (flow->edge != flow_forwarded(flow))
        flow_set_edge(flow, armed_next_edge(session, direction, flow_forwarded(flow)));
}

/* Whether a stall that is over had stopped a flow that was cut meanwhile. */
static bool is_paused_for_nothing(const struct session *session, enum side side)
{
    const struct flow *flow = &session->flow[side];
    return flow->cut && flow->read_mode == FLOW_PAUSE && read_mode_of(session, side) != FLOW_PAUSE;
}

void session_recompute(struct session *session)
{
    if (!session->outdated)
        return;
    session->outdated = false;
    for (int i = 0; i < 2; i++) {
        struct flow *flow = &session->flow[i];
        if (session->side[i].teardown.state == TEARDOWN_NONE) {
            if (!flow->cut)
                refresh_read_mode(session, (enum side)i);
            else if (is_paused_for_nothing(session, (enum side)i))
                flow_set_read_mode(flow, FLOW_DISCARD);
            flow_set_behind_edge(flow, behind_edge_of(session, (enum side)i));
            recompute_edge(session, (enum direction)i);
        }
        if (flow->shaping != NULL)
            shaping_refresh(flow->shaping);
        if (flow->messages != NULL)
            messages_refresh(flow->messages);
        /* A new fault has asked the kernel before: actions_attach(). */
        MAY_FAIL(refresh_filters(session, (enum side)i));
        held_fin_refresh(session, (enum side)i);
    }
    session_touch(session);
}

/* No byte follows it. Those that another fault withholds are lost, and stay unread. Those that wait
 * for their time still pass their edges. */
static void early_fin(struct session *session, enum side side)
{
    enum side source = (enum side) !side;
    struct flow *flow = &session->flow[source];
    session->side[side].fin_wanted = true;
    if (behind_edge_of(session, source) == FLOW_PAUSE)
        session->side[source].teardown.withheld += flow_clear_edge(flow);
    flow_cut_keep_edge(flow);
}

static void insert(
    struct session *session, struct armed_fault *armed, enum side side, const struct action *action)
{
    armed->insertion = (struct insertion){.data = action->data,
        .size = action->bytes,
        .key = armed->key[side],
        .came_at = session->now};
    flow_insert(&session->flow[side], &armed->insertion);
}

/* A fault ends the socket. */
static void end_side(struct session *session, enum side side, const struct action *action)
{
    session->over_by_fault = true;
    teardown_begin(session, side, action);
}

static void apply(
    struct session *session, struct armed_fault *armed, enum side side, const struct action *action)
{
    switch (action->kind) {
    case ACTION_NONE:
        break;
    case ACTION_FIN:
        early_fin(session, side);
        break;
    case ACTION_INSERT:
        insert(session, armed, side, action);
        break;
    case ACTION_DELAY_DIAL:
        session->dial_at = time_add(session->dial_at, action->duration_us);
        break;
    case ACTION_HOLD_FIN:
    case ACTION_STOP_READING:
    case ACTION_DISCARD:
    case ACTION_SHAPE:
    case ACTION_FILTER:
    case ACTION_LIMIT:
        armed->action[side] = action->kind;
        armed->at_edge[side] = flow_is_behind_edge(&session->flow[side]);
        armed->does = *action;
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
        end_side(session, side, action);
        break;
    }
}

/* Whether the fault acts on this socket. A type with `side` acts on both: its action on a socket
 * may be ACTION_NONE. A type that has no `side` acts only on the socket that its direction
 * reads from. */
static bool acts_on(const struct armed_fault *armed, int side)
{
    return !fault_works_on_direction(&armed->rule->fault) || bits_have(armed->directions, side);
}

int actions_attach(struct session *session, struct armed_fault *armed, const struct action on[2])
{
    int result = 0;
    for (int i = 0; i < 2 && result == 0; i++) {
        const struct endpoint *ep = session->side[i].ep;
        if (on[i].kind == ACTION_VANISH && ep != NULL && !ep->can_reset)
            return -EOPNOTSUPP; /* the peer of a UNIX socket sees every close */
        if (on[i].kind != ACTION_FILTER || !acts_on(armed, i))
            continue;
        apply(session, armed, (enum side)i, &on[i]);
        result = refresh_filters(session, (enum side)i);
    }
    if (result != 0)
        actions_revert(session, armed);
    return result;
}

void actions_apply(struct session *session, struct armed_fault *armed, const struct action on[2])
{
    for (int i = 0; i < 2; i++) {
        if (acts_on(armed, i))
            apply(session, armed, (enum side)i, &on[i]);
    }
    session->outdated = true;
}

void actions_change(struct session *session, struct armed_fault *armed, const struct action on[2])
{
    for (int i = 0; i < 2; i++) {
        if (armed->action[i] != ACTION_NONE)
            armed->does = on[i];
    }
    session->outdated = true;
}

void actions_revert(struct session *session, struct armed_fault *armed)
{
    for (int i = 0; i < 2; i++) {
        armed->action[i] = ACTION_NONE;
        armed->at_edge[i] = false;
    }
    session->outdated = true;
}

void actions_release(struct session *session)
{
    for (int i = 0; i < 2; i++)
        if (behind_edge_of(session, (enum side)i) == FLOW_FORWARD)
            flow_set_behind_edge(&session->flow[i], FLOW_FORWARD);
}

void actions_end_session(struct session *session, const struct action *action)
{
    end_side(session, SIDE_CLIENT, action);
    end_side(session, SIDE_SERVER, action);
}
