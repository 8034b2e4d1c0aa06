/* SPDX-License-Identifier: MIT */
/*
 * The life of a connection. All events lead to session_run(), which checks the whole session until
 * nothing changes any more: errors on either socket, both flows, both teardowns.
 *
 * The usual case: both flows carry bytes; the source's FIN is forwarded after every byte before it;
 * when both flows have finished, both sockets are closed.
 *
 * With faults: run_flow() pumps a flow up to its next edge, at_edge() fires the faults that stand
 * there (triggers.c), the same pass runs the teardowns, and session_run() checks everything again.
 *
 * peer_close.c handles FINs and RSTs from peers, teardown.c the closing of a side.
 */
#include "proxy/relay/session.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/relay/chains.h"
#include "proxy/relay/firing.h"
#include "proxy/relay/held_fin.h"
#include "proxy/relay/messages.h"
#include "proxy/relay/peer_close.h"
#include "proxy/relay/session_events.h"
#include "proxy/relay/shaping.h"
#include "proxy/relay/side.h"
#include "proxy/relay/teardown.h"
#include "proxy/relay/triggers.h"

/* Each pass of a run looks at the connection, and at every armed fault. After this many looks a run
 * stops, and goes on in the next turn of the loop: thousands of faults on consecutive bytes do not
 * hold up other connections. */
#define RUN_LOOKS_MAX 8192

void session_init(struct session *session, const struct session_host *host, struct plan *plan,
    uint64_t number, struct endpoint *client, const char *client_address,
    const struct session_pools *pools)
{
    memset(session, 0, sizeof *session);
    session->host = host;
    session->plan = plan_ref(plan);
    session->number = number;
    session->server_name = "";
    session->concurrent = 1; /* a default that the host may replace before session_start() */
    session->opened_at = session->timer_at = session->stall_since = TIME_NEVER;
    session->probes_from = TIME_NEVER;
    side_init(&session->side[SIDE_CLIENT], client, client_address);
    side_init(&session->side[SIDE_SERVER], NULL, "");
    for (int d = 0; d < 2; d++)
        flow_init(&session->flow[d], (size_t)plan->config.buffer, pools->rings,
            plan->config.splice == SPLICE_AUTO ? pools->splice_pipes : NULL);
    for (int d = 0; d < 2; d++)
        session->flow[d].direction = (enum direction)d;
    flow_connect(&session->flow[DIRECTION_UPSTREAM], client, NULL);
    flow_connect(&session->flow[DIRECTION_DOWNSTREAM], NULL, client);
}

void session_deinit(struct session *session)
{
    assert(session->side[SIDE_CLIENT].ep == NULL && session->side[SIDE_SERVER].ep == NULL);
    for (int d = 0; d < 2; d++)
        flow_deinit(&session->flow[d]);
    messages_free(session->messages);
    armed_deinit(session);
    fault_counter_unref(session->cause_fault);
    session->cause_fault = NULL;
    for (unsigned i = 0; session->faults != NULL && i < EVENT_FAULTS_MAX; i++)
        fault_counter_unref(session->faults[i]);
    free(session->faults);
    free(session->ends);
    session->faults = NULL;
    session->ends = NULL;
    plan_unref(session->plan);
    session->plan = NULL;
}

static bool flow_is_over(const struct flow *flow)
{
    return flow->finished && flow->end == FLOW_END_FIN;
}

static void at_end(struct session *session, enum direction direction)
{
    struct flow *flow = &session->flow[direction];
    enum side source = (enum side)direction;
    enum side sink = (enum side) !direction;
    if (flow->end == FLOW_END_FIN) {
        session->side[source].eof_triggered = true;
        triggers_on_event(session, TRIGGER_EOF, direction);
        if (session->over || flow->insert != NULL || held_fin_waits(session, source))
            return;
        if (!flow_is_over(&session->flow[!direction])) /* otherwise the coming close() sends it */
            side_send_fin(session, sink);
        flow_finish(flow);
    } else {
        flow_finish(flow);
        peer_close_pass_reset(session, source);
    }
    session_touch(session);
}

static void at_edge(struct session *session, enum direction direction)
{
    struct flow *flow = &session->flow[direction];
    uint64_t forwarded = flow_forwarded(flow);
    triggers_on_edge(session, direction, forwarded);
    flow_set_edge(flow, armed_next_edge(session, direction, forwarded));
    session_touch(session);
}

/* Bytes wait for their time, and were read up to the edge: the edge may have moved
 * (armed_next_edge). */
static void look_behind_edge(struct session *session, enum direction direction)
{
    struct flow *flow = &session->flow[direction];
    uint64_t forwarded = flow_forwarded(flow), edge = flow->edge;
    if (flow->cut || edge == FLOW_NO_EDGE || forwarded >= edge || flow_tail(flow) < edge)
        return;
    flow_set_edge(flow, armed_next_edge(session, direction, forwarded));
    if (flow->edge > edge)
        session_touch(session);
}

static void saw_end(struct session *session, enum side side)
{
    const struct flow *flow = &session->flow[side];
    if (flow->end == FLOW_END_FIN)
        side_note_fin(session, side);
    else
        side_note_reset(session, side, flow->source_errnum);
    session_touch(session);
}

/* How far a flow was before a pump. */
struct flow_counts {
    uint64_t read, forwarded, dropped;
};

static struct flow_counts counts_of(const struct flow *flow)
{
    return (struct flow_counts){
        .read = flow_read_count(flow),
        .forwarded = flow_forwarded(flow),
        .dropped = flow->dropped,
    };
}

/* Notes what a pump moved, and reports what it let go or changed. */
static void note_pump(
    struct session *session, enum direction direction, const struct flow_counts *before)
{
    const struct flow *flow = &session->flow[direction];
    const struct flow_counts now = counts_of(flow);
    bool moved = now.read != before->read || now.forwarded != before->forwarded;
    if (now.read != before->read)
        session->arrived_at[direction] = session->now;
    if (moved && flow->sink != NULL) /* without a receiver, bytes are only dropped */
        session->active_at = session->now;
    if (before->read == 0 && now.read > 0 && session->armed.count > 0)
        session_touch(session); /* a fault may wait for the first byte */
    if (now.dropped != before->dropped)
        session_touch(session); /* with a limit of 0 bytes, the first dropped byte ends it */
    if (flow->let_go)
        triggers_report_let_go(session, direction);
    if (flow->shaping != NULL && flow->shaping->changed)
        triggers_report_changed(session, direction);
}

static void run_flow(struct session *session, enum direction direction)
{
    struct flow *flow = &session->flow[direction];
    const struct flow_counts before = counts_of(flow);
    enum flow_stop stop = flow_pump(flow, session->now);
    note_pump(session, direction, &before);
    switch (stop) {
    case FLOW_WAITING:
        look_behind_edge(session, direction);
        break;
    case FLOW_BUSY:
        session->busy = true;
        break;
    case FLOW_AT_EDGE:
        at_edge(session, direction);
        break;
    case FLOW_SAW_END:
        saw_end(session, (enum side)direction);
        break;
    case FLOW_AT_END:
        at_end(session, direction);
        break;
    case FLOW_SINK_FAILED:
        peer_close_by_failed_send(session, (enum side) !direction, flow->sink_errnum);
        break;
    case FLOW_OUT_OF_MEMORY:
        session_stop(session, CAUSE_OUT_OF_MEMORY);
        break;
    }
}

static void close_if_both_finished(struct session *session)
{
    if (session->over || !flow_is_over(&session->flow[0]) || !flow_is_over(&session->flow[1]))
        return;
    side_close(session, SIDE_CLIENT, ENDPOINT_CLOSE_PLAIN);
    side_close(session, SIDE_SERVER, ENDPOINT_CLOSE_PLAIN);
}

static time_us next_time(const struct session *session)
{
    time_us next = armed_next_time(session);
    if (session->dial_at != 0 && !session->over)
        next = time_min(next, session->dial_at);
    for (int i = 0; i < 2; i++) {
        const struct session_side *this = &session->side[i];
        next = time_min(next, teardown_next_time(&this->teardown));
        if (this->fin_release_at > session->now)
            next = time_min(next, this->fin_release_at);
        if (session->flow[i].shaping != NULL && session->flow[i].sink != NULL)
            next = time_min(next, shaping_next_time(session->flow[i].shaping));
        if (session->messages != NULL && session->flow[i].sink != NULL)
            next = time_min(next, messages_next_time(session->messages, &session->flow[i]));
    }
    if (session->stall_since != TIME_NEVER)
        next = time_min(next, session->now + RESET_STALL_CHECK_US);
    return next;
}

static void stop_now(struct session *session)
{
    session->over = true;
    side_close(session, SIDE_CLIENT, session->stop_how);
    side_close(session, SIDE_SERVER, session->stop_how);
}

/* Dials the upstream, unless a fault delays it or the session ends first. */
static void advance_dial(struct session *session)
{
    if (session->opened_at != TIME_NEVER)
        return;
    if (session->dial_at > session->now)
        peer_close_end_if_client_left(session);
    if (session->over) {
        if (session->dialling)
            session->host->cancel_dial(session);
        session->dialling = false;
        side_close(session, SIDE_SERVER, ENDPOINT_CLOSE_PLAIN); /* it was never connected */
    } else if (session->dial_at != 0 && session->now >= session->dial_at) {
        session->dial_at = 0;
        session->dialling = true;
        session->host->dial(session);
    }
}

static void look_at_everything(struct session *session)
{
    bool open = session->opened_at != TIME_NEVER;
    if (triggers_on_time(session)) {
        session_touch(session); /* the next pass does what is due next */
        return;
    }
    advance_dial(session);
    for (int i = 0; i < 2; i++) {
        peer_close_look_for_error(session, (enum side)i);
        if (open || session->over)
            run_flow(session, (enum direction)i);
    }
    for (int i = 0; i < 2; i++) {
        peer_close_settle(session, (enum side)i);
        teardown_advance(session, (enum side)i);
        peer_close_watch_stalled(session, (enum side)i);
    }
    close_if_both_finished(session);
    peer_close_end_if_deserted(session);
}

bool session_is_gone(const struct session *session)
{
    return session->side[SIDE_CLIENT].teardown.state == TEARDOWN_CLOSED &&
           session->side[SIDE_SERVER].teardown.state == TEARDOWN_CLOSED;
}

static void session_finish(struct session *session)
{
    session->host->set_timer(session, TIME_NEVER);
    session_emit_closed(session);
    chains_leave(session);
    session->host->ended(session);
}

/* Tells the host when to call again. */
static void schedule(struct session *session)
{
    time_us next = next_time(session);
    if (next != session->timer_at) {
        session->timer_at = next;
        session->host->set_timer(session, next);
    }
    if (session->busy)
        session->host->wake_soon(session);
}

/* Whether the run needs another pass. A pass that ends the session is never postponed. */
static bool must_run_again(struct session *session, size_t looks)
{
    if (session_is_gone(session))
        return false;
    if (session->stop_cause != CAUSE_NONE)
        return true;
    if (session->again && looks >= RUN_LOOKS_MAX)
        session->busy = true;
    return session->again && looks < RUN_LOOKS_MAX;
}

void session_run(struct session *session)
{
    size_t looks = 0;
    session->now = session->host->now(session);
    session->running = true;
    session->busy = false;
    do {
        session->again = false;
        if (session->stop_cause != CAUSE_NONE)
            stop_now(session);
        else
            look_at_everything(session);
        looks += 1 + session->armed.count;
    } while (must_run_again(session, looks));
    session->running = false;
    if (session_is_gone(session))
        session_finish(session);
    else
        schedule(session);
}

void session_on_timer(struct session *session)
{
    session->timer_at = TIME_NEVER;
    session_wake(session);
}

void session_wake(struct session *session)
{
    assert(!session->running);
    if (!session_is_gone(session))
        session_run(session);
}

static void stop(struct session *session, enum cause cause, enum endpoint_close how)
{
    if (session->stop_cause == CAUSE_NONE) {
        session->stop_cause = cause;
        session->stop_how = how;
    }
    session_note_cause(session, cause);
    if (!session->running && !session_is_gone(session))
        session_run(session);
}

void session_stop(struct session *session, enum cause cause)
{
    stop(session, cause, ENDPOINT_CLOSE_RESET);
}

void session_hang_up(struct session *session, enum cause cause)
{
    stop(session, cause, ENDPOINT_CLOSE_PLAIN);
}

/* Selects the faults of the connection, and creates what they need. Returns 0, or -1 if out of
 * memory. */
static int arm(struct session *session, const struct sockaddr_storage *client)
{
    if (armed_select(session, client) != 0 || messages_start(session) != 0)
        return -1;
    for (int d = 0; d < 2; d++) {
        const enum direction direction = (enum direction)d;
        if (!shaping_is_needed(&session->armed, direction))
            continue;
        struct shaping *shaping = shaping_new(direction, &session->armed);
        if (shaping == NULL)
            return -1;
        shaping_refresh(shaping);
        session->flow[d].shaping = shaping;
    }
    return 0;
}

void session_start(struct session *session, const struct sockaddr_storage *client)
{
    session->now = session->accepted_at = session->dial_at = session->host->now(session);
    if (arm(session, client) != 0) {
        session_stop(session, CAUSE_OUT_OF_MEMORY);
        return;
    }
    session->running = true;
    triggers_prepare(session);
    triggers_on_event(session, TRIGGER_ACCEPT, DIRECTION_UPSTREAM);
    session->running = false;
    session_run(session);
}

void session_on_connected(
    struct session *session, struct endpoint *server, const char *server_address)
{
    struct session_side *client = &session->side[SIDE_CLIENT];
    session->dialling = false;
    session->side[SIDE_SERVER].ep = server;
    session->side[SIDE_SERVER].record.address = server_address;
    session->now = session->opened_at = session->active_at = session->host->now(session);
    flow_connect(&session->flow[DIRECTION_UPSTREAM], client->ep, server);
    flow_connect(&session->flow[DIRECTION_DOWNSTREAM], server, client->ep);
    session->running = true;
    session_emit_open(session);
    firing_on_connected(session);
    for (int d = 0; d < 2; d++)
        flow_set_edge(&session->flow[d], armed_next_edge(session, (enum direction)d, 0));
    triggers_on_event(session, TRIGGER_OPEN, DIRECTION_UPSTREAM);
    /* The client may have sent bytes already. No byte moves before the bytes:0 faults of both
     * directions have fired. */
    for (int d = 0; d < 2 && !session->over; d++)
        if (session->flow[d].edge == 0)
            at_edge(session, (enum direction)d);
    session_run(session);
}

/* The ending for the client of an unreachable upstream, by enum unreachable. */
static const struct action unreachable_actions[] = {
    [UNREACHABLE_RESET] = {.kind = ACTION_RESET_ABRUPT},
    [UNREACHABLE_CLOSE] = {.kind = ACTION_CLOSE_GRACEFUL, .duration_us = 5 * US_PER_S},
    [UNREACHABLE_HANG] = {.kind = ACTION_HOLD},
    [UNREACHABLE_REFUSE] = {.kind = ACTION_RESET_ABRUPT},
};

void session_on_connect_failed(
    struct session *session, const char *address, int errnum, const char *reason)
{
    session->now = session->host->now(session);
    session_note_cause(session, CAUSE_CONNECT_FAILED);
    session->dialling = false;
    session->running = true;
    session_emit_connect_failed(session, address, errnum, reason);
    teardown_begin(session, SIDE_CLIENT, &unreachable_actions[session->plan->config.unreachable]);
    session_run(session);
}
