/* SPDX-License-Identifier: MIT */
/*
 * What peers do to end a connection, and what the other side is to see of it.
 *
 * A FIN is passed on when every byte before it was (session.c does, at the end of the flow). A RST from
 * one side is the end of that side's stream: the bytes before it are handed on (and may still meet a
 * fault's trigger), then the other side's ending is a reset behind the last acknowledged byte. It may
 * show in four ways: a read fails; a write fails (then the queue is read to its end first); the socket
 * reports an error after its FIN was read; or it reports one while we may not read, because the far
 * side takes nothing: then, when nothing has moved for RESET_STALL_US, the rest is given up, as a direct
 * connection would have lost what the receiver's window had no room for.
 */
#include "proxy/relay/peer_end.h"

#include "proxy/relay/session.h"

/* How long a RST waits for a receiver that takes nothing. */
#define RESET_STALL_US (1 * US_PER_S)

static const struct action reset_drain = {.kind = ACTION_RESET_DRAIN};

static void emit_seen(struct session *session, enum event_kind kind, enum side side, int errnum)
{
    struct event event = {
        .kind = kind,
        .u.seen = {.side = side, .offset = flow_read(&session->flow[side]), .errnum = errnum},
    };
    session_emit(session, &event);
}

void session_note_cause(struct session *session, enum cause cause)
{
    if (session->cause == CAUSE_NONE)
        session->cause = cause;
}

void peer_end_note_fin(struct session *session, enum side side)
{
    side_mark(session, side, END_FIN_RECEIVED);
    session_note_cause(session, side == SIDE_CLIENT ? CAUSE_CLIENT_FIN : CAUSE_SERVER_FIN);
    emit_seen(session, EVENT_EOF, side, 0);
}

void peer_end_note_reset(struct session *session, enum side side, int errnum)
{
    struct session_side *it = &session->side[side];
    if (it->reset_noted)
        return;
    it->reset_noted = true;
    it->reset_late = session->flow[side].end == FLOW_END_FIN;
    it->record.errnum = errnum;
    side_mark(session, side, END_RST_RECEIVED);
    session_note_cause(session, side == SIDE_CLIENT ? CAUSE_CLIENT_RST : CAUSE_SERVER_RST);
    emit_seen(session, EVENT_RESET_SEEN, side, errnum);
    session->again = true;
}

/* The peer of `side` has reset, as a write to it or its error state shows. Bytes that arrived
 * before are still in its queue and come first, unless we are not to read them. */
void peer_end_has_reset(struct session *session, enum side side, int errnum)
{
    struct flow *from = &session->flow[side];
    peer_end_note_reset(session, side, errnum);
    flow_drop_sink(&session->flow[!side]);
    from->source_broken = true;
    if (from->end == FLOW_OPEN && from->read_mode == FLOW_PAUSE)
        from->end = FLOW_END_RESET;
    if (session->side[side].ep != NULL)
        session->side[side].ep->ready |= ENDPOINT_READABLE;
}

/* The errors that no read will report: after the FIN, and while reading is none of our business. */
void peer_end_look_for_error(struct session *session, enum side side)
{
    struct session_side *it = &session->side[side];
    const struct flow *from = &session->flow[side];
    bool reads_will_tell = from->end == FLOW_OPEN && from->read_mode != FLOW_PAUSE;
    if (it->ep == NULL || (it->ep->ready & ENDPOINT_ERROR) == 0 || it->reset_noted ||
        reads_will_tell)
        return;
    int errnum = it->ep->ops->take_error(it->ep);
    if (errnum != 0)
        peer_end_has_reset(session, side, errnum);
}

/* What follows from what the flows have come to, for one side: an early FIN that is due, and a RST
 * that came after a FIN, its own or the early one that was passed on in its stead. */
static void settle_fins(struct session *session, enum side side)
{
    struct session_side *it = &session->side[side];
    struct flow *towards = &session->flow[!side];
    if (it->fin_wanted && !it->fin_sent && flow_is_delivered(towards)) {
        side_send_fin(session, side);
        towards->finished = true;
        session->again = true;
    }
    struct flow *from = &session->flow[side];
    bool behind_fin = it->reset_late || (it->reset_noted && from->finished);
    if (behind_fin && it->ep != NULL && flow_is_delivered(from)) {
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

/* Both FINs of one side were exchanged while the other side still sends, which happens behind an early
 * FIN: what arrives now would meet a closed socket on a direct connection, and its RST. */
static void settle_deserted(struct session *session, enum side side)
{
    static const struct action reset_on_data = {.kind = ACTION_RESET_ON_DATA};
    const struct flow *from = &session->flow[side];
    const struct flow *towards = &session->flow[!side];
    if (session->over || session->side[side].ep == NULL || !from->finished ||
        from->end != FLOW_END_FIN || !towards->finished || towards->end != FLOW_OPEN)
        return;
    side_close(session, side, ENDPOINT_CLOSE_PLAIN);
    ending_begin(session, (enum side) !side, &reset_on_data);
}

void peer_end_settle(struct session *session, enum side side)
{
    settle_fins(session, side);
    settle_gone(session, side);
    settle_deserted(session, side);
}

/* Gives up on delivery to a receiver that takes nothing while a RST waits behind the bytes. */
void peer_end_watch_stalled(struct session *session, enum side sink)
{
    struct session_side *it = &session->side[sink];
    const struct session_side *source = &session->side[!sink];
    bool pending =
        source->reset_noted || (source->ep != NULL && (source->ep->ready & ENDPOINT_ERROR) != 0);
    if (it->ep == NULL || !pending || session->cause == CAUSE_FAULT)
        return;
    const struct flow *towards = &session->flow[!sink];
    size_t unacked = it->ep->ops->unacked(it->ep);
    bool blocked = (!flow_is_delivered(towards) && !endpoint_writable(it->ep)) ||
                   it->ending.state == ENDING_ACK;
    uint64_t mark = flow_forwarded(towards) - unacked;
    if (!blocked || session->stall_since == TIME_NEVER || mark != session->stall_mark) {
        session->stall_mark = mark;
        session->stall_since = session->now;
    } else if (session->now >= session->stall_since + RESET_STALL_US) {
        if (source->ep != NULL)
            peer_end_note_reset(
                session, (enum side) !sink, source->ep->ops->take_error(source->ep));
        side_close(session, (enum side) !sink, ENDPOINT_CLOSE_PLAIN);
        side_close(session, sink, ENDPOINT_CLOSE_RESET);
    }
}
