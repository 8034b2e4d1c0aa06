/* SPDX-License-Identifier: MIT */
/*
 * The FINs and RSTs that peers send, and what the other side sees of them.
 *
 * A FIN is forwarded after the last byte: at_end() of session.c does it. A RST from one side ends
 * that side's stream: the bytes before it are forwarded (and may still trigger a fault), then the
 * other side is reset after the last acknowledged byte. A RST shows in four ways:
 *
 *   a read fails: flow_note_end() of flow_read.c, then saw_end() of session.c;
 *   a write fails: peer_close_by_failed_send(); the receive queue is read to its end first, and a
 *   FIN in it is forwarded before the RST;
 *   the socket reports an error after its FIN was read: peer_close_look_for_error();
 *   the socket reports an error while reading is paused: the same. If each stall ends at a known
 *   time, the receive queue is read then (tcp_reset() keeps it), and the FIN in it forwarded before
 *   the RST; else the queue is lost.
 *
 * Each leads to peer_close_pass_reset() once the bytes are forwarded.
 *
 * net/socket_endpoint.c says what the kernel reported.
 *
 * A fault may keep a FIN, or what stands before it, for ever. When both peers have sent theirs, no
 * byte can arrive, and a peer that is gone would never be noticed. So both are probed, and when
 * neither is there the session ends. Until then the error of one is kept from the other.
 *
 * When no byte has moved for RESET_STALL_US, the rest is dropped: a direct connection would have
 * lost the bytes for which the receiver's window had no room.
 */
#include "proxy/relay/peer_close.h"

#include <errno.h>

#include "proxy/relay/side.h"
#include "proxy/relay/teardown.h"

/* How long a RST waits for a receiver that takes nothing. */
#define RESET_STALL_US (1 * US_PER_S)

void peer_close_by_reset(struct session *session, enum side side, int errnum)
{
    const struct session_side *this = &session->side[side];
    if (errnum == EPIPE && !this->reset_noted && this->ep != NULL && this->ep->can_reset)
        session->flow[side].fin_before_break = true; /* tcp_reset() in CLOSE_WAIT: behind a FIN */
    side_note_reset(session, side, errnum);
    flow_drop_sink(&session->flow[!side]);
    flow_note_source_reset(&session->flow[side]);
    if (this->ep != NULL)
        this->ep->ready |= ENDPOINT_READABLE;
}

/* Whether a failed send says only that the peer reads no more. After shutdown(SHUT_RD) on a UNIX
 * socket, sends to it fail with EPIPE (unix_stream_sendmsg in net/unix/af_unix.c), and it can still
 * send. */
static bool reads_no_more(const struct endpoint *ep, int errnum)
{
    return !ep->can_reset && errnum == EPIPE && (ep->ready & ENDPOINT_GONE) == 0;
}

void peer_close_by_failed_send(struct session *session, enum side side, int errnum)
{
    struct flow *towards = &session->flow[!side];
    const struct session_side *source = &session->side[!side];
    if (!reads_no_more(session->side[side].ep, errnum)) {
        peer_close_by_reset(session, side, errnum);
        return;
    }
    flow_drop_sink(towards);
    if (!session->over && source->teardown.state == TEARDOWN_NONE && towards->end == FLOW_OPEN &&
        source->ep != NULL && !source->ep->can_reset) {
        source->ep->ops->shutdown_read(source->ep);
        flow_discard_unread(towards); /* otherwise its close() would be a reset */
        flow_give_up_source(towards);
    }
    session_touch(session);
}

void peer_close_pass_reset(struct session *session, enum side source)
{
    static const struct action reset_drain = {.kind = ACTION_RESET_DRAIN};
    side_close(session, source, ENDPOINT_CLOSE_PLAIN);
    teardown_begin(session, (enum side) !source, &reset_drain);
}

static bool peer_has_ended(const struct session *session, enum side side)
{
    const struct endpoint *ep = session->side[side].ep;
    return ep != NULL &&
           (session->flow[side].end == FLOW_END_FIN || (ep->ready & ENDPOINT_HANGUP) != 0);
}

/* Whether both peers have ended, and a fault keeps what one of them sent. */
static bool is_kept(const struct session *session)
{
    bool kept = false;
    for (int i = 0; i < 2; i++) {
        if (session->over || !peer_has_ended(session, (enum side)i))
            return false;
        kept = kept || session->side[i].fin_hold_us > 0 ||
               session->flow[i].read_mode == FLOW_PAUSE || flow_is_blocked(&session->flow[i]);
    }
    return kept;
}

/* Whether an error only says that a peer is gone, which changes nothing for the other one. */
static bool only_says_gone(const struct session *session)
{
    return session->now >= session->probes_from && is_kept(session);
}

static bool is_gone(const struct session *session, enum side side)
{
    return (session->side[side].ep->ready & (ENDPOINT_ERROR | ENDPOINT_GONE)) != 0;
}

static void close_gone(struct session *session, enum side side)
{
    int errnum = session->side[side].ep->ops->take_error(session->side[side].ep);
    if (errnum != 0)
        side_note_reset(session, side, errnum);
    side_close(session, side, ENDPOINT_CLOSE_PLAIN);
}

void peer_close_end_if_client_left(struct session *session)
{
    if (session->side[SIDE_CLIENT].ep == NULL || !is_gone(session, SIDE_CLIENT))
        return;
    session->over = true;
    close_gone(session, SIDE_CLIENT);
}

static void probe(struct session *session, enum side side)
{
    struct endpoint *ep = session->side[side].ep;
    session->probes_from = time_add(session->now, PROBE_AFTER_S * (uint64_t)US_PER_S);
    ep->ops->probe(ep, PROBE_AFTER_S);
}

void peer_close_end_if_deserted(struct session *session)
{
    bool kept = is_kept(session);
    if (session->again || session->busy) /* something may still pass */
        return;
    if (!kept)
        session->probes_from = TIME_NEVER;
    else if (is_gone(session, SIDE_CLIENT) && is_gone(session, SIDE_SERVER))
        for (int i = 0; i < 2; i++)
            close_gone(session, (enum side)i);
    else if (session->probes_from == TIME_NEVER)
        for (int i = 0; i < 2; i++)
            probe(session, (enum side)i);
}

/* EPOLLRDHUP without EPOLLERR is a FIN. The error of a RST behind it does not always say so: it is
 * ECONNRESET once our FIN was sent too (tcp_reset() in LAST_ACK and CLOSING). */
static void note_fin(struct session *session, enum side side)
{
    const struct session_side *this = &session->side[side];
    if (this->ep != NULL && this->ep->can_reset && !this->reset_noted &&
        (this->ep->ready & (ENDPOINT_HANGUP | ENDPOINT_ERROR)) == ENDPOINT_HANGUP)
        session->flow[side].fin_before_break = true;
}

void peer_close_look_for_error(struct session *session, enum side side)
{
    struct session_side *this = &session->side[side];
    const struct flow *from = &session->flow[side];
    bool reads_will_tell = from->end == FLOW_OPEN && from->read_mode != FLOW_PAUSE;
    note_fin(session, side);
    if (this->ep == NULL || (this->ep->ready & ENDPOINT_ERROR) == 0 || this->reset_noted ||
        reads_will_tell || only_says_gone(session))
        return;
    int errnum = this->ep->ops->take_error(this->ep);
    if (errnum != 0)
        peer_close_by_reset(session, side, errnum);
}

/* Sends an early FIN that is due, as soon as its socket is connected, and forwards a RST that came
 * after a FIN (its own, or the early one that was sent instead). The RST waits until the FIN has
 * passed the gates and fired its triggers, but not for a fault that holds the FIN. */
static void settle_fins(struct session *session, enum side side)
{
    struct session_side *this = &session->side[side];
    struct flow *towards = &session->flow[!side];
    if (this->ep != NULL && this->fin_wanted && !this->fin_sent && flow_is_delivered(towards)) {
        side_send_fin(session, side);
        flow_finish(towards);
        session_touch(session);
    }
    struct flow *from = &session->flow[side];
    bool behind_fin = this->reset_noted && (from->finished || this->eof_triggered);
    if (behind_fin && this->ep != NULL && flow_is_delivered(from)) {
        if (this->fin_hold_us == 0)
            side_send_fin(session, (enum side) !side);
        peer_close_pass_reset(session, side);
    }
}

/* A UNIX socket whose peer closed both ways fails at its next write, so a connection of two UNIX
 * sockets is over when one peer is gone. */
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

/* Both FINs of one side were exchanged while the other side still sends, which happens behind an
 * early FIN. On a direct connection, bytes that arrive now meet a closed socket, and its RST. */
static void settle_deserted(struct session *session, enum side side)
{
    static const struct action reset_on_data = {.kind = ACTION_RESET_ON_DATA};
    const struct flow *from = &session->flow[side];
    const struct flow *towards = &session->flow[!side];
    if (session->over || session->side[side].ep == NULL || !from->finished ||
        from->end != FLOW_END_FIN || !towards->finished || towards->end != FLOW_OPEN)
        return;
    side_close(session, side, ENDPOINT_CLOSE_PLAIN);
    teardown_begin(session, (enum side) !side, &reset_on_data);
}

void peer_close_settle(struct session *session, enum side side)
{
    settle_fins(session, side);
    settle_gone(session, side);
    settle_deserted(session, side);
}

void peer_close_watch_stalled(struct session *session, enum side sink)
{
    struct session_side *this = &session->side[sink];
    const struct session_side *source = &session->side[!sink];
    bool pending =
        source->reset_noted || (source->ep != NULL && (source->ep->ready & ENDPOINT_ERROR) != 0);
    if (this->ep == NULL || !pending || session->over_by_fault || only_says_gone(session))
        return;
    const struct flow *towards = &session->flow[!sink];
    bool blocked = (!flow_is_delivered(towards) && !endpoint_writable(this->ep)) ||
                   this->teardown.state == TEARDOWN_ACK;
    uint64_t mark = flow_sent(towards) - this->ep->ops->unacked(this->ep);
    if (!blocked || session->stall_since == TIME_NEVER || mark != session->stall_mark) {
        session->stall_mark = mark;
        session->stall_since = blocked ? session->now : TIME_NEVER;
    } else if (session->now >= session->stall_since + RESET_STALL_US) {
        if (source->ep != NULL)
            side_note_reset(session, (enum side) !sink, source->ep->ops->take_error(source->ep));
        side_close(session, (enum side) !sink, ENDPOINT_CLOSE_PLAIN);
        side_close(session, sink, ENDPOINT_CLOSE_RESET);
    }
}
