/* SPDX-License-Identifier: MIT */
/*
 * The life of a connection. Everything that can happen leads to session_run(), which looks at the
 * whole session until nothing changes any more: errors on either socket, both flows, both endings.
 *
 * Happy path: both flows carry bytes; the source's FIN is passed on when every byte before it was;
 * when both flows have finished, both sockets are closed.
 *
 * A RST from one side is the end of that side's stream: the bytes before it are handed on (and may
 * still meet a fault's trigger), then the other side's ending is a reset behind the last
 * acknowledged byte. It may show in four ways: a read fails; a write fails (then the queue is read
 * to its end first); the socket reports an error after its FIN was read; or it reports one while we
 * may not read, because the far side takes nothing: then, when nothing has moved for
 * RESET_STALL_US, the rest is given up, as a direct connection would have lost what the receiver's
 * window had no room for.
 */
#include "proxy/relay/session.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/relay/arming.h"

/* How long a RST waits for a receiver that takes nothing. */
#define RESET_STALL_US (1 * US_PER_S)
#define RESET_STALL_CHECK_US (100 * US_PER_MS)

static const struct action reset_drain = {.kind = ACTION_RESET_DRAIN};

static void side_init(struct session_side *side, struct endpoint *ep, const char *address)
{
    memset(side, 0, sizeof *side);
    side->ep = ep;
    side->record.address = address;
    side->fin_release_at = TIME_NEVER;
    ending_init(&side->ending);
}

void session_init(struct session *session, const struct session_host *host, struct plan *plan,
    uint64_t number, struct endpoint *client, const char *client_address, struct ring_pool *pool)
{
    memset(session, 0, sizeof *session);
    session->host = host;
    session->plan = plan_ref(plan);
    session->number = number;
    session->opened_at = session->timer_at = session->stall_since = TIME_NEVER;
    side_init(&session->side[SIDE_CLIENT], client, client_address);
    side_init(&session->side[SIDE_SERVER], NULL, "");
    for (int d = 0; d < 2; d++)
        flow_init(&session->flow[d], (size_t)plan->proxy.buffer, pool);
    flow_connect(&session->flow[DIRECTION_UPSTREAM], client, NULL);
    flow_connect(&session->flow[DIRECTION_DOWNSTREAM], NULL, client);
}

void session_deinit(struct session *session)
{
    assert(session->side[SIDE_CLIENT].ep == NULL && session->side[SIDE_SERVER].ep == NULL);
    for (int d = 0; d < 2; d++)
        flow_deinit(&session->flow[d]);
    free(session->armed);
    session->armed = NULL;
    plan_unref(session->plan);
    session->plan = NULL;
}

static void emit(struct session *session, struct event *event)
{
    event->at = session->now;
    event->proxy = session->plan->proxy.name;
    event->connection = session->number;
    session->host->emit(session, event);
}

static void emit_seen(struct session *session, enum event_kind kind, enum side side, int errnum)
{
    struct event event = {
        .kind = kind,
        .u.seen = {.side = side, .offset = flow_read(&session->flow[side]), .errnum = errnum},
    };
    emit(session, &event);
}

static void note_cause(struct session *session, enum cause cause)
{
    if (session->cause == CAUSE_NONE)
        session->cause = cause;
}

static void note_fin(struct session *session, enum side side)
{
    side_mark(session, side, END_FIN_RECEIVED);
    note_cause(session, side == SIDE_CLIENT ? CAUSE_CLIENT_FIN : CAUSE_SERVER_FIN);
    emit_seen(session, EVENT_EOF, side, 0);
}

static void note_reset(struct session *session, enum side side, int errnum)
{
    struct session_side *it = &session->side[side];
    if (it->reset_noted)
        return;
    it->reset_noted = true;
    it->reset_late = session->flow[side].end == FLOW_END_FIN;
    it->record.errnum = errnum;
    side_mark(session, side, END_RST_RECEIVED);
    note_cause(session, side == SIDE_CLIENT ? CAUSE_CLIENT_RST : CAUSE_SERVER_RST);
    emit_seen(session, EVENT_RESET_SEEN, side, errnum);
    session->again = true;
}

/* The peer of `side` has reset, as a write to it or its error state shows. Bytes that arrived
 * before are still in its queue and come first, unless we are not to read them. */
static void peer_has_reset(struct session *session, enum side side, int errnum)
{
    struct flow *from = &session->flow[side];
    note_reset(session, side, errnum);
    flow_abandon(&session->flow[!side]);
    from->source_broken = true;
    if (from->end == FLOW_OPEN && from->intake == FLOW_LEAVE)
        from->end = FLOW_END_RESET;
    if (session->side[side].ep != NULL)
        session->side[side].ep->ready |= ENDPOINT_READABLE;
}

/* The errors that no read will report: after the FIN, and while reading is none of our business. */
static void look_for_error(struct session *session, enum side side)
{
    struct session_side *it = &session->side[side];
    const struct flow *from = &session->flow[side];
    bool reads_will_tell = from->end == FLOW_OPEN && from->intake != FLOW_LEAVE;
    if (it->ep == NULL || (it->ep->ready & ENDPOINT_ERROR) == 0 || it->reset_noted ||
        reads_will_tell)
        return;
    int errnum = it->ep->ops->take_error(it->ep);
    if (errnum != 0)
        peer_has_reset(session, side, errnum);
}

/* Whether the FIN at the end of the flow has to wait; sets when it may go. */
static bool fin_is_held(struct session *session, struct session_side *source)
{
    if (!source->fin_held)
        return false;
    if (source->fin_release_at == TIME_NEVER)
        source->fin_release_at = time_add(session->now, source->fin_hold_us);
    return session->now < source->fin_release_at;
}

static void at_end(struct session *session, enum direction direction)
{
    struct flow *flow = &session->flow[direction];
    enum side source = (enum side)direction;
    enum side sink = (enum side) !direction;
    if (flow->end == FLOW_END_FIN) {
        arming_fire(session, TRIGGER_EOF, direction, 0);
        if (session->over || fin_is_held(session, &session->side[source]))
            return;
        side_send_fin(session, sink);
        flow->finished = true;
    } else {
        flow->finished = true;
        side_close(session, source, ENDPOINT_CLOSE_PLAIN);
        ending_begin(session, sink, &reset_drain);
    }
    session->again = true;
}

static void at_edge(struct session *session, enum direction direction)
{
    struct flow *flow = &session->flow[direction];
    uint64_t handed = flow_handed(flow);
    arming_fire(session, TRIGGER_BYTES, direction, handed);
    flow->edge = arming_next_edge(session, direction, handed);
    session->again = true;
}

static void saw_end(struct session *session, enum side side)
{
    const struct flow *flow = &session->flow[side];
    if (flow->end == FLOW_END_FIN)
        note_fin(session, side);
    else
        note_reset(session, side, flow->source_errnum);
    session->again = true;
}

static void run_flow(struct session *session, enum direction direction)
{
    struct flow *flow = &session->flow[direction];
    switch (flow_pump(flow)) {
    case FLOW_WAITING:
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
        peer_has_reset(session, (enum side) !direction, flow->sink_errnum);
        break;
    case FLOW_OUT_OF_MEMORY:
        session_stop(session, CAUSE_OUT_OF_MEMORY);
        break;
    }
}

/* What follows from what the flows have come to, for one side: an early FIN that is due, and a RST
 * that came after a FIN, its own or the early one that was passed on in its stead. */
static void settle(struct session *session, enum side side)
{
    struct session_side *it = &session->side[side];
    struct flow *towards = &session->flow[!side];
    if (it->fin_wanted && !it->fin_sent && ring_used(&towards->ring) == 0) {
        side_send_fin(session, side);
        towards->finished = true;
        session->again = true;
    }
    struct flow *from = &session->flow[side];
    bool behind_fin = it->reset_late || (it->reset_noted && from->finished);
    if (behind_fin && it->ep != NULL && ring_used(&from->ring) == 0) {
        if (!it->fin_held)
            side_send_fin(session, (enum side) !side);
        side_close(session, side, ENDPOINT_CLOSE_PLAIN);
        ending_begin(session, (enum side) !side, &reset_drain);
    }
}

/* A UNIX peer that closed both ways is seen as such by its peer, whose next write fails: there a
 * connection of two UNIX sockets is over when one of them is gone. */
static void settle_gone(struct session *session, enum side side)
{
    const struct endpoint *ep = session->side[side].ep;
    const struct endpoint *other = session->side[!side].ep;
    if (ep == NULL || other == NULL || (ep->ready & ENDPOINT_GONE) == 0 || other->can_reset ||
        !session->flow[side].finished)
        return;
    side_close(session, side, ENDPOINT_CLOSE_PLAIN);
    side_close(session, (enum side) !side, ENDPOINT_CLOSE_PLAIN);
}

static bool flow_is_over(const struct flow *flow)
{
    return flow->finished && flow->end == FLOW_END_FIN;
}

static void close_if_both_finished(struct session *session)
{
    if (session->over || !flow_is_over(&session->flow[0]) || !flow_is_over(&session->flow[1]))
        return;
    side_close(session, SIDE_CLIENT, ENDPOINT_CLOSE_PLAIN);
    side_close(session, SIDE_SERVER, ENDPOINT_CLOSE_PLAIN);
}

/* Gives up on delivery to a receiver that takes nothing while a RST waits behind the bytes. */
static void watch_stalled_reset(struct session *session, enum side sink)
{
    struct session_side *it = &session->side[sink];
    const struct session_side *source = &session->side[!sink];
    bool pending =
        source->reset_noted || (source->ep != NULL && (source->ep->ready & ENDPOINT_ERROR) != 0);
    if (it->ep == NULL || !pending || session->cause == CAUSE_FAULT)
        return;
    const struct flow *towards = &session->flow[!sink];
    size_t unacked = it->ep->ops->unacked(it->ep);
    bool blocked = (ring_used(&towards->ring) > 0 && !endpoint_writable(it->ep)) ||
                   it->ending.state == ENDING_ACK;
    uint64_t mark = flow_handed(towards) - unacked;
    if (!blocked || session->stall_since == TIME_NEVER || mark != session->stall_mark) {
        session->stall_mark = mark;
        session->stall_since = session->now;
    } else if (session->now >= session->stall_since + RESET_STALL_US) {
        if (source->ep != NULL)
            note_reset(session, (enum side) !sink, source->ep->ops->take_error(source->ep));
        side_close(session, (enum side) !sink, ENDPOINT_CLOSE_PLAIN);
        side_close(session, sink, ENDPOINT_CLOSE_RESET);
    }
}

static time_us next_time(const struct session *session)
{
    time_us next = session->opened_at == TIME_NEVER ? TIME_NEVER : arming_next_time(session);
    for (int i = 0; i < 2; i++) {
        const struct session_side *it = &session->side[i];
        next = time_min(next, ending_next_time(&it->ending));
        if (it->fin_release_at > session->now)
            next = time_min(next, it->fin_release_at);
    }
    if (session->stall_since != TIME_NEVER)
        next = time_min(next, session->now + RESET_STALL_CHECK_US);
    return next;
}

static void emit_closed(struct session *session)
{
    const struct side_record sides[2] = {
        session->side[SIDE_CLIENT].record,
        session->side[SIDE_SERVER].record,
    };
    struct event event = {
        .kind = EVENT_CLOSED,
        .u.closed =
            {
                .sides = sides,
                .duration_us = session->now - session->accepted_at,
                .cause = session->cause,
                .cause_fault = session->cause_fault,
                .fault_count = session->fault_count,
            },
    };
    memcpy(event.u.closed.faults, session->faults, sizeof session->faults);
    emit(session, &event);
}

static void stop_now(struct session *session)
{
    note_cause(session, session->stop_cause);
    session->over = true;
    side_close(session, SIDE_CLIENT, ENDPOINT_CLOSE_RESET);
    side_close(session, SIDE_SERVER, ENDPOINT_CLOSE_RESET);
}

static void look_at_everything(struct session *session)
{
    bool open = session->opened_at != TIME_NEVER;
    if (open)
        arming_fire(session, TRIGGER_TIME, DIRECTION_UPSTREAM, session->now);
    for (int i = 0; i < 2; i++) {
        look_for_error(session, (enum side)i);
        if (open || session->over)
            run_flow(session, (enum direction)i);
    }
    for (int i = 0; i < 2; i++) {
        settle(session, (enum side)i);
        settle_gone(session, (enum side)i);
        ending_advance(session, (enum side)i);
        watch_stalled_reset(session, (enum side)i);
    }
    close_if_both_finished(session);
}

static bool is_gone(const struct session *session)
{
    return session->side[SIDE_CLIENT].ending.state == ENDING_CLOSED &&
           session->side[SIDE_SERVER].ending.state == ENDING_CLOSED;
}

static void finish(struct session *session)
{
    session->host->set_timer(session, TIME_NEVER);
    emit_closed(session);
    session->host->ended(session);
}

/* Tells the host when to come back. */
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

static void session_run(struct session *session)
{
    session->now = session->host->now(session);
    session->running = true;
    session->busy = false;
    do {
        session->again = false;
        if (session->stop_cause != CAUSE_NONE)
            stop_now(session);
        else
            look_at_everything(session);
    } while (!is_gone(session) && (session->again || session->stop_cause != CAUSE_NONE));
    session->running = false;
    if (is_gone(session))
        finish(session);
    else
        schedule(session);
}

void session_wake(struct session *session)
{
    assert(!session->running);
    if (!is_gone(session))
        session_run(session);
}

void session_stop(struct session *session, enum cause cause)
{
    if (session->stop_cause == CAUSE_NONE)
        session->stop_cause = cause;
    if (!session->running && !is_gone(session))
        session_run(session);
}

void session_start(struct session *session)
{
    session->now = session->accepted_at = session->host->now(session);
    if (arming_select(session) != 0) {
        session_stop(session, CAUSE_OUT_OF_MEMORY);
        return;
    }
    session->running = true;
    arming_prepare(session);
    arming_fire(session, TRIGGER_ACCEPT, DIRECTION_UPSTREAM, 0);
    session->running = false;
    if (session->over)
        session->side[SIDE_SERVER].ending.state = ENDING_CLOSED;
    else
        session->host->dial(session);
    session_run(session);
}

void session_on_connected(
    struct session *session, struct endpoint *server, const char *server_address)
{
    struct session_side *client = &session->side[SIDE_CLIENT];
    session->side[SIDE_SERVER].ep = server;
    session->side[SIDE_SERVER].record.address = server_address;
    session->now = session->opened_at = session->host->now(session);
    flow_connect(&session->flow[DIRECTION_UPSTREAM], client->ep, server);
    flow_connect(&session->flow[DIRECTION_DOWNSTREAM], server, client->ep);
    session->running = true;
    struct event event = {
        .kind = EVENT_OPEN,
        .u.open = {.client = client->record.address, .server = server_address},
    };
    emit(session, &event);
    for (int d = 0; d < 2; d++)
        session->flow[d].edge = arming_next_edge(session, (enum direction)d, 0);
    arming_fire(session, TRIGGER_OPEN, DIRECTION_UPSTREAM, 0);
    session_run(session);
}

/* What the client of an unreachable upstream gets, by enum unreachable. */
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
    note_cause(session, CAUSE_CONNECT_FAILED);
    session->side[SIDE_SERVER].ending.state = ENDING_CLOSED;
    session->running = true;
    struct event event = {
        .kind = EVENT_CONNECT_FAILED,
        .u.connect_failed = {.address = address, .errnum = errnum, .reason = reason},
    };
    emit(session, &event);
    ending_begin(session, SIDE_CLIENT, &unreachable_actions[session->plan->proxy.unreachable]);
    session_run(session);
}
