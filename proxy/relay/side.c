/* SPDX-License-Identifier: MIT */
/*
 * One socket of a session. Every socket of a session is closed in side_close(): it completes
 * session_side.record, adds the mark of what the kernel is about to send, and closes the endpoint.
 * For a RST that is tcp_close() of net/socket_endpoint.c: SO_LINGER {1,0}, then close(2).
 */
#include "proxy/relay/side.h"

#include <assert.h>
#include <stdlib.h>

#include "proxy/relay/session_events.h"
#include "proxy/relay/teardown.h"

void side_init(struct session_side *side, struct endpoint *ep, const char *address)
{
    *side = (struct session_side){
        .ep = ep,
        .record.address = address,
        .fin_release_at = TIME_NEVER,
        .teardown = {.deadline = TIME_NEVER,
            .check_at = TIME_NEVER,
            .idle_since = TIME_NEVER,
            .give_up_at = TIME_NEVER},
    };
}

#define MOVE(state) (1u << TEARDOWN_##state)

/* The states that may follow each state, besides CLOSED, which may follow every other. */
static const unsigned allowed_moves[TEARDOWN_STATES] = {
    [TEARDOWN_NONE] = MOVE(DELIVER) | MOVE(UNREAD) | MOVE(DATA) | MOVE(HOLD),
    [TEARDOWN_DELIVER] = MOVE(DRAIN) | MOVE(ACK),
};

void side_move(struct session_side *side, enum teardown_state to)
{
    enum teardown_state from = side->teardown.state;
    bool allowed =
        from != TEARDOWN_CLOSED && ((allowed_moves[from] | MOVE(CLOSED)) & (1u << to)) != 0;
    assert(allowed);
    (void)allowed; /* the release build has no asserts */
    side->teardown.state = to;
}

/* Appends to the record of how the socket ended. */
static void add_mark(struct session *session, enum side side, enum end_mark mark)
{
    struct side_record *record = &session->side[side].record;
    if (record->mark_count == END_MARKS_MAX)
        return;
    record->marks[record->mark_count++] = mark;
    if (session->ends == NULL)
        session->ends = calloc(END_ENTRIES_MAX, sizeof session->ends[0]);
    if (session->ends != NULL) /* without memory, the marks alone tell of it */
        session->ends[session->end_count++] = (struct end_entry){
            .at = session->now, .events = session->event_count, .side = side, .mark = mark};
}

void side_send_fin(struct session *session, enum side side)
{
    struct session_side *this = &session->side[side];
    if (this->ep == NULL || this->fin_sent)
        return;
    this->fin_sent = true;
    if (this->ep->ops->shutdown_write(this->ep) == 0)
        add_mark(session, side, END_FIN_SENT);
}

void side_note_fin(struct session *session, enum side side)
{
    add_mark(session, side, END_FIN_RECEIVED);
    session_note_cause(session, side == SIDE_CLIENT ? CAUSE_CLIENT_FIN : CAUSE_SERVER_FIN);
    session_emit_seen(session, EVENT_EOF, side, 0);
}

void side_note_reset(struct session *session, enum side side, int errnum)
{
    struct session_side *this = &session->side[side];
    if (this->reset_noted)
        return;
    this->reset_noted = true;
    this->record.errnum = errnum;
    add_mark(session, side, END_RST_RECEIVED);
    session_note_cause(session, side == SIDE_CLIENT ? CAUSE_CLIENT_RST : CAUSE_SERVER_RST);
    session_emit_seen(session, EVENT_RESET_SEEN, side, errnum);
    session_touch(session);
}

/* Records what the kernel sends for this close, given what both ends sent before (tcp_close and
 * tcp_need_reset in net/ipv4/tcp.c). */
static void mark_close(struct session *session, enum side side, enum endpoint_close how)
{
    const struct session_side *this = &session->side[side];
    bool fin_received =
        session->flow[side].end == FLOW_END_FIN || (this->ep->ready & ENDPOINT_HANGUP) != 0;
    if (this->reset_noted)
        return;
    if (how == ENDPOINT_CLOSE_VANISH) {
        add_mark(session, side, END_VANISHED);
        return;
    }
    if (this->record.unread > teardown_withheld(&this->teardown)) {
        /* if both FINs have passed, the socket is in TIME_WAIT, and its close sends nothing */
        if (!this->fin_sent || !fin_received)
            add_mark(session, side, END_RST_SENT);
        return;
    }
    bool reset = how != ENDPOINT_CLOSE_PLAIN && this->ep->can_reset;
    if (!this->fin_sent && (how != ENDPOINT_CLOSE_RESET || !reset))
        add_mark(session, side, END_FIN_SENT);
    bool both_fins = fin_received && (this->fin_sent || how == ENDPOINT_CLOSE_FIN_RESET);
    if (reset && !both_fins)
        add_mark(session, side, END_RST_SENT);
}

void side_close(struct session *session, enum side side, enum endpoint_close how)
{
    struct session_side *this = &session->side[side];
    struct endpoint *ep = this->ep;
    if (this->teardown.state != TEARDOWN_CLOSED)
        side_move(this, TEARDOWN_CLOSED);
    if (ep == NULL)
        return;
    struct flow *from = &session->flow[side];
    struct flow *towards = &session->flow[!side];
    /* the kernel sends a RST for unread bytes, but knows nothing of those that were withheld */
    if (how == ENDPOINT_CLOSE_PLAIN && teardown_withheld(&this->teardown) > 0)
        how = ENDPOINT_CLOSE_RESET;
    if (how == ENDPOINT_CLOSE_FIN_RESET)
        flow_discard_unread(from);
    this->record.bytes_in = flow_read_count(from);
    this->record.bytes_out = flow_sent(towards);
    if (!this->reset_noted && session->host->wants_details(session))
        this->record.unacked = ep->ops->unacked(ep);
    /* the last call before the close: bytes that arrive in between are not seen */
    this->record.unread =
        (from->end == FLOW_END_FIN ? 0 : ep->ops->unread(ep)) + teardown_withheld(&this->teardown);
    mark_close(session, side, how);
    ep->ops->close(ep, how);
    this->ep = NULL;
    flow_drop_sink(towards);
    flow_cut(from);
    flow_detach_source(from);
    session_touch(session);
}
