/* SPDX-License-Identifier: MIT */
/*
 * Carries endings out: one state a side, advanced whenever the session runs (ending.h draws it).
 *
 * While an ending waits, what the peer still sends is read and dropped, because a peer that is
 * blocked in a write may never come to read what it shall acknowledge. Only the endings that live
 * from unread bytes leave them where they are. If the peer resets meanwhile, there is nothing left
 * to wait for.
 */
#include "proxy/relay/ending.h"

#include <assert.h>

#include "proxy/base/rng.h"
#include "proxy/relay/peer_end.h"
#include "proxy/relay/session.h"

/* Bound of what is drained before a FIN: more than a receive buffer can hold (tcp_rmem). */
#define DRAIN_READ (1u << 20)
#define DRAIN_READS_MAX 64

void ending_init(struct ending *ending)
{
    *ending = (struct ending){.deadline = TIME_NEVER, .check_at = TIME_NEVER};
}

void side_mark(struct session *session, enum side side, enum end_mark mark)
{
    struct side_record *record = &session->side[side].record;
    if (record->mark_count < END_MARKS_MAX)
        record->marks[record->mark_count++] = mark;
}

void side_send_fin(struct session *session, enum side side)
{
    struct session_side *it = &session->side[side];
    if (it->ep == NULL || it->fin_sent)
        return;
    it->fin_sent = true;
    if (it->ep->ops->shutdown_write(it->ep) == 0)
        side_mark(session, side, END_FIN_SENT);
}

/* What the kernel sends for this close, given what both ends said before (tcp_close and
 * tcp_need_reset in net/ipv4/tcp.c). */
static void mark_close(struct session *session, enum side side, enum endpoint_close how)
{
    const struct session_side *it = &session->side[side];
    bool fin_received =
        session->flow[side].end == FLOW_END_FIN || (it->ep->ready & ENDPOINT_HANGUP) != 0;
    if (it->reset_noted)
        return;
    if (how == ENDPOINT_CLOSE_VANISH) {
        side_mark(session, side, END_VANISHED);
        return;
    }
    if (it->record.unread > 0) {
        if (!it->fin_sent || !fin_received) /* else we are in TIME_WAIT: nothing is sent */
            side_mark(session, side, END_RST_SENT);
        return;
    }
    bool reset = how != ENDPOINT_CLOSE_PLAIN && it->ep->can_reset;
    if (!it->fin_sent && (how != ENDPOINT_CLOSE_RESET || !reset))
        side_mark(session, side, END_FIN_SENT);
    bool both_fins = fin_received && (it->fin_sent || how == ENDPOINT_CLOSE_FIN_RESET);
    if (reset && !both_fins)
        side_mark(session, side, END_RST_SENT);
}

/* With bytes unread, a close() would send its RST at once instead of a FIN first. */
static void drain_for_fin(struct endpoint *ep, struct flow *from)
{
    for (int i = 0; i < DRAIN_READS_MAX; i++) {
        ssize_t n = ep->ops->discard(ep, DRAIN_READ);
        if (n <= 0)
            return;
        from->dropped += (uint64_t)n;
    }
}

void side_close(struct session *session, enum side side, enum endpoint_close how)
{
    struct session_side *it = &session->side[side];
    struct endpoint *ep = it->ep;
    it->ending.state = ENDING_CLOSED;
    if (ep == NULL)
        return;
    struct flow *from = &session->flow[side];
    struct flow *towards = &session->flow[!side];
    if (how == ENDPOINT_CLOSE_FIN_RESET)
        drain_for_fin(ep, from);
    it->record.bytes_in = flow_read(from);
    it->record.bytes_out = flow_forwarded(towards) + towards->inserted;
    it->record.unread = from->end == FLOW_END_FIN ? 0 : ep->ops->unread(ep);
    if (!it->reset_noted && session->host->wants_details(session))
        it->record.unacked = ep->ops->unacked(ep);
    mark_close(session, side, how);
    ep->ops->close(ep, how);
    it->ep = NULL;
    flow_drop_sink(towards);
    flow_stop_reading(from);
    from->source = NULL;
    session->again = true;
}

static enum ending_state first_state(enum action_kind kind)
{
    switch (kind) {
    case ACTION_CLOSE_UNREAD:
        return ENDING_UNREAD;
    case ACTION_RESET_ON_DATA:
        return ENDING_DATA;
    case ACTION_HOLD:
        return ENDING_HOLD;
    default:
        return ENDING_DELIVER;
    }
}

/* What becomes of bytes that still arrive from a side whose end has begun. */
static void set_read_mode(struct session *session, enum side side, enum ending_state state)
{
    struct flow *from = &session->flow[side];
    bool leave = state == ENDING_UNREAD || state == ENDING_DATA;
    from->read_mode = leave ? FLOW_PAUSE : FLOW_DISCARD;
    from->edge = FLOW_NO_EDGE;
    flow_stop_reading(&session->flow[!side]);
}

/* A host that is gone acknowledges nothing: what the peer sends while we wait for its last
 * acknowledgement must not be, so that it meets the RST when it is sent again. */
static void lose_data(struct session *session, enum side side)
{
    const struct packet_filter data = {.loss_ppb = PPB_ALL, .only = PACKET_DATA};
    struct endpoint *ep = session->side[side].ep;
    if (ep != NULL)
        ep->ops->set_filters(ep, &data, 1);
}

void ending_begin(struct session *session, enum side side, const struct action *action)
{
    struct ending *ending = &session->side[side].ending;
    assert(action_is_ending(action->kind));
    if (ending->state != ENDING_NONE)
        return;
    session->over = true;
    session->again = true;
    ending->action = *action;
    ending->state = first_state(action->kind);
    if (action->kind == ACTION_CLOSE_GRACEFUL)
        ending->deadline = time_add(session->now, action->duration_us);
    set_read_mode(session, side, ending->state);
    if (action->kind == ACTION_VANISH)
        lose_data(session, side);
    if (action->kind == ACTION_CLOSE_PLAIN)
        side_close(session, side, ENDPOINT_CLOSE_PLAIN);
    else if (action->kind == ACTION_RESET_ABRUPT)
        side_close(session, side, ENDPOINT_CLOSE_RESET);
}

/* Whether every byte (and FIN) handed to the kernel was acknowledged; if not, when to ask again. */
static bool acknowledged(struct session *session, struct session_side *it)
{
    struct ending *ending = &it->ending;
    if (it->ep->ops->unacked(it->ep) == 0)
        return true;
    if (ending->check_at == TIME_NEVER || session->now >= ending->check_at) {
        ending->check_us = ending->check_us == 0 ? ENDING_CHECK_FIRST_US : ending->check_us * 2;
        if (ending->check_us > ENDING_CHECK_LAST_US)
            ending->check_us = ENDING_CHECK_LAST_US;
        ending->check_at = time_add(session->now, ending->check_us);
    }
    return false;
}

static void advance_deliver(struct session *session, enum side side)
{
    struct session_side *it = &session->side[side];
    if (!flow_is_delivered(&session->flow[!side]))
        return;
    bool graceful = it->ending.action.kind == ACTION_CLOSE_GRACEFUL;
    if (graceful || it->fin_wanted)
        side_send_fin(session, side);
    session->flow[!side].finished = true;
    it->ending.state = graceful ? ENDING_DRAIN : ENDING_ACK;
    session->again = true;
}

static void advance_ack(struct session *session, enum side side)
{
    struct session_side *it = &session->side[side];
    if (!acknowledged(session, it))
        return;
    enum action_kind kind = it->ending.action.kind;
    side_close(session, side,
        kind == ACTION_RESET_AFTER_FIN ? ENDPOINT_CLOSE_FIN_RESET
        : kind == ACTION_VANISH        ? ENDPOINT_CLOSE_VANISH
                                       : ENDPOINT_CLOSE_RESET);
}

static void advance_drain(struct session *session, enum side side)
{
    if (session->flow[side].end != FLOW_OPEN && acknowledged(session, &session->side[side]))
        side_close(session, side, ENDPOINT_CLOSE_PLAIN);
}

/* The two endings that wait for bytes. After the peer's FIN none will come: then what lies there
 * has to be enough. */
static void advance_unread(struct session *session, enum side side)
{
    struct session_side *it = &session->side[side];
    size_t unread = it->ep->ops->unread(it->ep);
    bool last = (it->ep->ready & ENDPOINT_HANGUP) != 0;
    if (last && unread == 0 && session->flow[side].end == FLOW_OPEN) {
        session->flow[side].end = FLOW_END_FIN; /* nothing stands before it, so it counts as read */
        peer_end_note_fin(session, side);
    }
    if (it->ending.state == ENDING_DATA && unread > 0)
        side_close(session, side, ENDPOINT_CLOSE_RESET);
    else if (last || (it->ending.state == ENDING_UNREAD && unread >= it->ending.action.bytes))
        side_close(session, side, ENDPOINT_CLOSE_PLAIN);
}

/* The linger time ran out: cut off what is undelivered, leave quietly otherwise. */
static void expire(struct session *session, enum side side)
{
    struct endpoint *ep = session->side[side].ep;
    bool undelivered = !flow_is_delivered(&session->flow[!side]) || ep->ops->unacked(ep) > 0;
    side_close(session, side, undelivered ? ENDPOINT_CLOSE_RESET : ENDPOINT_CLOSE_PLAIN);
}

void ending_advance(struct session *session, enum side side)
{
    struct session_side *it = &session->side[side];
    struct ending *ending = &it->ending;
    ending->check_at = session->now >= ending->check_at ? TIME_NEVER : ending->check_at;
    if (ending->state == ENDING_NONE || ending->state == ENDING_CLOSED)
        return;
    if (it->reset_noted) {
        side_close(session, side, ENDPOINT_CLOSE_PLAIN);
        return;
    }
    if (session->now >= ending->deadline) {
        expire(session, side);
        return;
    }
    if (ending->state == ENDING_DELIVER)
        advance_deliver(session, side);
    if (ending->state == ENDING_DRAIN)
        advance_drain(session, side);
    else if (ending->state == ENDING_ACK)
        advance_ack(session, side);
    else if (ending->state == ENDING_UNREAD || ending->state == ENDING_DATA)
        advance_unread(session, side);
    else if (ending->state == ENDING_HOLD && session->flow[side].end != FLOW_OPEN)
        side_close(session, side, ENDPOINT_CLOSE_PLAIN);
}

time_us ending_next_time(const struct ending *ending)
{
    if (ending->state == ENDING_NONE || ending->state == ENDING_CLOSED)
        return TIME_NEVER;
    return time_min(ending->deadline, ending->check_at);
}
