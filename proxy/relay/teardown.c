/* SPDX-License-Identifier: MIT */
/*
 * Teardown: see teardown.h. One state for each side, advanced whenever the session runs.
 *
 * Bytes that the peer sends during a teardown are read and dropped, because a peer that is blocked in a
 * write may never read what it has to acknowledge. Only UNREAD and DATA leave them in the socket. If the
 * peer resets, there is nothing left to wait for.
 */
#include "proxy/relay/teardown.h"

#include <assert.h>

#include "proxy/base/rng.h"
#include "proxy/relay/side.h"

static enum teardown_state first_state(enum action_kind kind)
{
    switch (kind) {
    case ACTION_CLOSE_UNREAD:
        return TEARDOWN_UNREAD;
    case ACTION_RESET_ON_DATA:
        return TEARDOWN_DATA;
    case ACTION_HOLD:
        return TEARDOWN_HOLD;
    default:
        return TEARDOWN_DELIVER;
    }
}

/* Bytes that still arrive from the side are dropped, or left in the socket where the teardown counts
 * them. Bytes behind an edge that was reached are never forwarded. */
static void stop_flows(struct session *session, enum side side, enum teardown_state state)
{
    struct flow *from = &session->flow[side];
    bool leave = state == TEARDOWN_UNREAD || state == TEARDOWN_DATA;
    flow_clear_edge(from);
    flow_set_read_mode(from, leave ? FLOW_PAUSE : FLOW_DISCARD);
    flow_stop_reading(&session->flow[!side]);
}

/* A host that is gone acknowledges nothing. Data that the peer sends while we wait for its last
 * acknowledgement is lost too, so that its retransmission meets the RST. */
bool teardown_filter(const struct teardown *teardown, struct packet_filter *filter)
{
    *filter = (struct packet_filter){.loss_ppb = PPB_ALL, .only = PACKET_DATA};
    return teardown->state != TEARDOWN_NONE && teardown->action.kind == ACTION_VANISH;
}

static void set_filter(struct session *session, enum side side)
{
    struct packet_filter filter;
    struct endpoint *ep = session->side[side].ep;
    if (ep != NULL && teardown_filter(&session->side[side].teardown, &filter))
        ep->ops->set_filters(ep, &filter, 1);
}

void teardown_begin(struct session *session, enum side side, const struct action *action)
{
    struct session_side *it = &session->side[side];
    struct teardown *teardown = &it->teardown;
    assert(action_is_ending(action->kind));
    if (teardown->state != TEARDOWN_NONE)
        return;
    session->over = true;
    session_touch(session);
    teardown->action = *action;
    side_move(it, first_state(action->kind));
    if (action->kind == ACTION_CLOSE_GRACEFUL)
        teardown->deadline = time_add(session->now, action->duration_us);
    stop_flows(session, side, teardown->state);
    set_filter(session, side);
    if (action->kind == ACTION_CLOSE_PLAIN)
        side_close(session, side, ENDPOINT_CLOSE_PLAIN);
    else if (action->kind == ACTION_RESET_ABRUPT)
        side_close(session, side, ENDPOINT_CLOSE_RESET);
}

/* Whether the peer has acknowledged every byte (and FIN). If not, sets when to ask again. */
static bool acknowledged(struct session *session, struct session_side *it)
{
    struct teardown *teardown = &it->teardown;
    if (it->ep->ops->unacked(it->ep) == 0)
        return true;
    if (teardown->check_at == TIME_NEVER || session->now >= teardown->check_at) {
        teardown->check_us =
            teardown->check_us == 0 ? TEARDOWN_CHECK_FIRST_US : teardown->check_us * 2;
        if (teardown->check_us > TEARDOWN_CHECK_LAST_US)
            teardown->check_us = TEARDOWN_CHECK_LAST_US;
        teardown->check_at = time_add(session->now, teardown->check_us);
    }
    return false;
}

static void advance_deliver(struct session *session, enum side side)
{
    struct session_side *it = &session->side[side];
    if (!flow_is_delivered(&session->flow[!side]))
        return;
    bool graceful = it->teardown.action.kind == ACTION_CLOSE_GRACEFUL;
    if (graceful || it->fin_wanted)
        side_send_fin(session, side);
    flow_finish(&session->flow[!side]);
    side_move(it, graceful ? TEARDOWN_DRAIN : TEARDOWN_ACK);
    session_touch(session);
}

static void advance_ack(struct session *session, enum side side)
{
    struct session_side *it = &session->side[side];
    if (!acknowledged(session, it))
        return;
    enum action_kind kind = it->teardown.action.kind;
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

/* The two teardowns that wait for bytes. After the peer's FIN no byte comes: then the bytes that lie
 * there have to be enough. */
static void advance_unread(struct session *session, enum side side)
{
    struct session_side *it = &session->side[side];
    size_t unread = it->ep->ops->unread(it->ep);
    bool last = (it->ep->ready & ENDPOINT_HANGUP) != 0;
    if (last && unread == 0 && session->flow[side].end == FLOW_OPEN) {
        flow_end_with_fin(&session->flow[side]); /* no byte stands before it */
        side_note_fin(session, side);
    }
    if (it->teardown.state == TEARDOWN_DATA && unread > 0)
        side_close(session, side, ENDPOINT_CLOSE_RESET);
    else if (last || (it->teardown.state == TEARDOWN_UNREAD && unread >= it->teardown.action.bytes))
        side_close(session, side, ENDPOINT_CLOSE_PLAIN);
}

/* The linger time ran out: resets if bytes are undelivered, else closes. */
static void expire(struct session *session, enum side side)
{
    struct endpoint *ep = session->side[side].ep;
    bool undelivered = !flow_is_delivered(&session->flow[!side]) || ep->ops->unacked(ep) > 0;
    side_close(session, side, undelivered ? ENDPOINT_CLOSE_RESET : ENDPOINT_CLOSE_PLAIN);
}

void teardown_advance(struct session *session, enum side side)
{
    struct session_side *it = &session->side[side];
    struct teardown *teardown = &it->teardown;
    teardown->check_at = session->now >= teardown->check_at ? TIME_NEVER : teardown->check_at;
    if (teardown->state == TEARDOWN_NONE || teardown->state == TEARDOWN_CLOSED)
        return;
    if (it->reset_noted) {
        side_close(session, side, ENDPOINT_CLOSE_PLAIN);
        return;
    }
    if (session->now >= teardown->deadline) {
        expire(session, side);
        return;
    }
    if (teardown->state == TEARDOWN_DELIVER)
        advance_deliver(session, side);
    if (teardown->state == TEARDOWN_DRAIN)
        advance_drain(session, side);
    else if (teardown->state == TEARDOWN_ACK)
        advance_ack(session, side);
    else if (teardown->state == TEARDOWN_UNREAD || teardown->state == TEARDOWN_DATA)
        advance_unread(session, side);
    else if (teardown->state == TEARDOWN_HOLD && session->flow[side].end != FLOW_OPEN)
        side_close(session, side, ENDPOINT_CLOSE_PLAIN);
}

time_us teardown_next_time(const struct teardown *teardown)
{
    if (teardown->state == TEARDOWN_NONE || teardown->state == TEARDOWN_CLOSED)
        return TIME_NEVER;
    return time_min(teardown->deadline, teardown->check_at);
}
