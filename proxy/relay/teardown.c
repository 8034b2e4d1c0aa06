/* SPDX-License-Identifier: MIT */
/*
 * One state for each side. actions.c calls teardown_begin() for each socket that an action ends,
 * and session.c calls teardown_advance() in each pass of a run. The teardown waits for bytes and
 * acknowledgements, then calls side_close() of side.c, which calls close() of the endpoint
 * (net/socket_endpoint.c), and the kernel sends the FIN or RST.
 *
 * From the next pass on, bytes that the peer sends are read and dropped: otherwise a peer that
 * blocks in write() would not get to its read(), its window stays shut, and it acknowledges
 * nothing. Only UNREAD and DATA leave them in the socket. If the peer resets, there is nothing left
 * to wait for.
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

/* Later reads from the side drop their bytes; if the teardown waits for unread bytes, nothing is
 * read. Nothing new is forwarded to the side. */
static void stop_flows(struct session *session, enum side side, enum teardown_state state)
{
    struct flow *from = &session->flow[side];
    bool leave = state == TEARDOWN_UNREAD || state == TEARDOWN_DATA;
    for (int i = 0; i < 2; i++) {
        size_t lost = flow_clear_edge(&session->flow[i]);
        session->side[i].teardown.withheld += lost;
        if (lost > 0) /* an early FIN stood behind them */
            session->side[!i].fin_wanted = false;
    }
    flow_set_read_mode(from, leave ? FLOW_PAUSE : FLOW_DISCARD);
    flow_cut(&session->flow[!side]);
}

/* A host that is gone acknowledges nothing. Data that the peer sends while we wait for its last
 * acknowledgement is lost too, so that its retransmission meets the RST. */
bool teardown_filter(const struct teardown *teardown, struct packet_filter *filter)
{
    *filter = (struct packet_filter){.loss_ppb = PPB_ALL, .only = PACKET_DATA};
    return teardown->state != TEARDOWN_NONE && teardown->kind == ACTION_VANISH;
}

static void set_filter(struct session *session, enum side side)
{
    struct packet_filter filter;
    struct endpoint *ep = session->side[side].ep;
    if (ep != NULL && teardown_filter(&session->side[side].teardown, &filter))
        MAY_FAIL(
            ep->ops->set_filters(ep, &filter, 1)); /* without it, data is acknowledged and lost */
}

void teardown_begin(struct session *session, enum side side, const struct action *action)
{
    struct session_side *this = &session->side[side];
    struct teardown *teardown = &this->teardown;
    assert(action_is_ending(action->kind));
    if (teardown->state != TEARDOWN_NONE)
        return;
    session->over = true;
    session_touch(session);
    teardown->kind = action->kind;
    teardown->bytes = action->bytes;
    side_move(this, first_state(action->kind));
    if (action->kind == ACTION_CLOSE_GRACEFUL)
        teardown->deadline = time_add(session->now, action->duration_us);
    stop_flows(session, side, teardown->state);
    set_filter(session, side);
    if (this->fin_wanted && flow_is_delivered(&session->flow[!side])) /* it stands before the end */
        side_send_fin(session, side);
    if (this->ep == NULL || action->kind == ACTION_CLOSE_PLAIN) /* NULL: not connected yet */
        side_close(session, side, ENDPOINT_CLOSE_PLAIN);
    else if (action->kind == ACTION_RESET_ABRUPT)
        side_close(session, side, ENDPOINT_CLOSE_RESET);
}

/* Whether the peer has acknowledged every byte (and FIN). If not, sets when to ask again. */
static bool acknowledged(struct session *session, struct session_side *this)
{
    struct teardown *teardown = &this->teardown;
    if (this->ep->ops->unacked(this->ep) == 0)
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
    struct session_side *this = &session->side[side];
    if (!flow_is_delivered(&session->flow[!side]))
        return;
    bool graceful = this->teardown.kind == ACTION_CLOSE_GRACEFUL;
    if (graceful || this->fin_wanted)
        side_send_fin(session, side);
    flow_finish(&session->flow[!side]);
    side_move(this, graceful ? TEARDOWN_DRAIN : TEARDOWN_ACK);
    session_touch(session);
}

static void advance_ack(struct session *session, enum side side)
{
    struct session_side *this = &session->side[side];
    if (!acknowledged(session, this))
        return;
    enum action_kind kind = this->teardown.kind;
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

/* Whether the receive buffer is full with fewer bytes than required: no further byte can arrive.
 * Called when no byte has come for a while; sets when to ask again. */
static bool is_full(struct session *session, struct session_side *this, size_t unread)
{
    struct teardown *teardown = &this->teardown;
    bool moved = unread != teardown->unread;
    if (unread == 0 || (!moved && teardown->check_at != TIME_NEVER))
        return false;
    if (!moved && this->ep->ops->is_full(this->ep))
        return true;
    teardown->unread = unread;
    teardown->check_us = moved ? TEARDOWN_FULL_FIRST_US : teardown->check_us * 2;
    if (teardown->check_us > TEARDOWN_FULL_LAST_US)
        teardown->check_us = TEARDOWN_FULL_LAST_US;
    teardown->check_at = time_add(session->now, teardown->check_us);
    return false;
}

/* A RST drops bytes that the peer does not have yet. So behind a FIN it waits until the peer has
 * acknowledged that. */
static bool may_reset_on_data(struct session *session, struct session_side *this)
{
    return !this->fin_sent || acknowledged(session, this);
}

/* The two teardowns that wait for bytes. After the peer's FIN no byte arrives: then the unread
 * bytes have to be enough. */
static void advance_unread(struct session *session, enum side side)
{
    struct session_side *this = &session->side[side];
    size_t unread = this->ep->ops->unread(this->ep) + teardown_withheld(&this->teardown);
    bool last = (this->ep->ready & ENDPOINT_HANGUP) != 0;
    if (last && unread == 0 && session->flow[side].end == FLOW_OPEN) {
        flow_note_end(&session->flow[side], FLOW_END_FIN); /* no byte stands before it */
        side_note_fin(session, side);
    }
    if (this->teardown.state == TEARDOWN_DATA && unread > 0) {
        if (may_reset_on_data(session, this))
            side_close(session, side, ENDPOINT_CLOSE_RESET);
    } else if (last || (this->teardown.state == TEARDOWN_UNREAD &&
                           (unread >= this->teardown.bytes || is_full(session, this, unread))))
        side_close(session, side, ENDPOINT_CLOSE_PLAIN);
}

/* The linger time ran out: resets if bytes are undelivered, else closes. */
static void expire(struct session *session, enum side side)
{
    struct endpoint *ep = session->side[side].ep;
    bool undelivered = !flow_is_delivered(&session->flow[!side]) || ep->ops->unacked(ep) > 0;
    side_close(session, side, undelivered ? ENDPOINT_CLOSE_RESET : ENDPOINT_CLOSE_PLAIN);
}

/* How long each state waits for a peer that does nothing. DRAIN has a deadline of its own. */
static const uint64_t idle_max_us[TEARDOWN_STATES] = {
    [TEARDOWN_DELIVER] = TEARDOWN_IDLE_US,
    [TEARDOWN_DRAIN] = TIME_NEVER,
    [TEARDOWN_ACK] = TEARDOWN_IDLE_US,
    [TEARDOWN_UNREAD] = TEARDOWN_IDLE_US,
    [TEARDOWN_DATA] = TEARDOWN_IDLE_US,
    [TEARDOWN_HOLD] = TEARDOWN_HOLD_US,
};

static time_us idle_until(const struct teardown *teardown)
{
    return teardown->deadline != TIME_NEVER
               ? TIME_NEVER
               : time_add(teardown->idle_since, idle_max_us[teardown->state]);
}

static bool is_delivering(const struct session *session, enum side side)
{
    enum teardown_state state = session->side[side].teardown.state;
    return state == TEARDOWN_DELIVER || state == TEARDOWN_ACK;
}

/* Whether the teardown waits for its peer to take bytes, or to send some. */
static bool waits_for_bytes(const struct session *session, enum side side)
{
    enum teardown_state state = session->side[side].teardown.state;
    return is_delivering(session, side) || state == TEARDOWN_UNREAD || state == TEARDOWN_DATA;
}

/* Returns the bytes that the peer has acknowledged; unless the teardown waits for just that, those
 * that it has sent count too. */
static uint64_t progress_of(const struct session *session, enum side side)
{
    struct endpoint *ep = session->side[side].ep;
    uint64_t sent = flow_sent(&session->flow[!side]) - ep->ops->unacked(ep);
    if (is_delivering(session, side))
        return sent;
    return sent + flow_read_count(&session->flow[side]) + ep->ops->unread(ep);
}

/* Returns until when the socket waits if nothing moves on it, nor a delayed byte will. */
static time_us waits_until(struct session *session, enum side side)
{
    struct teardown *teardown = &session->side[side].teardown;
    uint64_t progress = progress_of(session, side);
    bool moves = progress != teardown->progress || flow_is_delayed(&session->flow[!side]);
    if (teardown->idle_since == TIME_NEVER || moves) {
        teardown->idle_since = session->now;
        teardown->progress = progress;
    }
    return idle_until(teardown);
}

/* Returns when the socket has waited too long: the other one is gone, or both wait for bytes, both
 * too long, and one of them for a receiver that takes none. Peers that need not send may be
 * silent for as long as they like. */
static time_us gives_up_at(struct session *session, enum side side)
{
    enum side other = (enum side) !side;
    if (session->side[other].teardown.state == TEARDOWN_CLOSED)
        return waits_until(session, side);
    if (!waits_for_bytes(session, side) || !waits_for_bytes(session, other) ||
        (!is_delivering(session, side) && !is_delivering(session, other)))
        return TIME_NEVER;
    time_us until = waits_until(session, side), other_until = waits_until(session, other);
    return until > other_until ? until : other_until;
}

/* Ends a wait that took too long: resets if bytes are undelivered, else closes. */
static void give_up(struct session *session, enum side side)
{
    enum action_kind kind = session->side[side].teardown.kind;
    side_close(session, side,
        !is_delivering(session, side) ? ENDPOINT_CLOSE_PLAIN
        : kind == ACTION_VANISH       ? ENDPOINT_CLOSE_VANISH
                                      : ENDPOINT_CLOSE_RESET);
}

void teardown_advance(struct session *session, enum side side)
{
    struct session_side *this = &session->side[side];
    struct teardown *teardown = &this->teardown;
    teardown->check_at = session->now >= teardown->check_at ? TIME_NEVER : teardown->check_at;
    if (teardown->state == TEARDOWN_NONE || teardown->state == TEARDOWN_CLOSED)
        return;
    if (this->reset_noted) {
        side_close(session, side, ENDPOINT_CLOSE_PLAIN);
        return;
    }
    if (session->now >= teardown->deadline) {
        expire(session, side);
        return;
    }
    teardown->give_up_at = gives_up_at(session, side);
    if (session->now >= teardown->give_up_at) {
        give_up(session, side);
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
    return time_min(time_min(teardown->deadline, teardown->check_at), teardown->give_up_at);
}
