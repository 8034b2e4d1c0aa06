/* SPDX-License-Identifier: MIT */
/*
 * The pump. Happy path: bytes are read from the source into the ring and written to the sink at
 * once, so the ring is empty again before the next read and its memory is the same cached block
 * each time.
 *
 * When the sink takes no more, the ring fills up to its limit, then reading stops: the source's
 * window closes, which is back-pressure. When the source ends, what the ring holds is handed on
 * first. When the sink fails, the ring is worthless and the session is told.
 *
 * Urgent data (RFC 6093): the socket keeps the urgent byte in line, and the kernel ends each read
 * at the mark (tcp_recvmsg_locked in net/ipv4/tcp.c), so asking SIOCATMARK before a read finds it.
 * It stands in the ring like any byte, its offset noted, and nothing is read behind it until it was
 * sent with MSG_OOB.
 */
#include "proxy/relay/flow.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

void flow_init(struct flow *flow, size_t buffer, struct ring_pool *pool)
{
    memset(flow, 0, sizeof *flow);
    ring_init(&flow->ring, buffer, pool);
    flow->edge = FLOW_NO_EDGE;
    flow->urgent = FLOW_NO_URGENT;
    flow->intake = FLOW_TAKE;
}

void flow_deinit(struct flow *flow)
{
    ring_deinit(&flow->ring);
}

void flow_connect(struct flow *flow, struct endpoint *source, struct endpoint *sink)
{
    flow->source = source;
    flow->sink = sink;
}

void flow_cut(struct flow *flow)
{
    flow->edge = FLOW_NO_EDGE;
    if (flow->intake == FLOW_TAKE)
        flow->intake = FLOW_DROP;
}

void flow_abandon(struct flow *flow)
{
    flow_cut(flow);
    ring_clear(&flow->ring);
    flow->urgent = FLOW_NO_URGENT;
    flow->sink = NULL;
    flow->finished = true;
}

static bool would_block(ssize_t result)
{
    return result == -EAGAIN || result == -EWOULDBLOCK;
}

/* Sends what the ring holds, up to and including an urgent byte. Bytes sent, or negative errno. */
static ssize_t send_oldest(struct flow *flow)
{
    struct iovec pieces[2];
    if (flow->urgent == flow->ring.head) {
        ring_peek(&flow->ring, 1, pieces);
        ssize_t n = endpoint_send_urgent(flow->sink, *(unsigned char *)pieces[0].iov_base);
        if (n > 0)
            flow->urgent = FLOW_NO_URGENT;
        return n;
    }
    size_t max = ring_used(&flow->ring);
    if (flow->urgent != FLOW_NO_URGENT)
        max = (size_t)(flow->urgent - flow->ring.head);
    int count = ring_peek(&flow->ring, max, pieces);
    ssize_t n = endpoint_send(flow->sink, pieces, count);
    if (n >= 0 && (size_t)n < max) /* the kernel took what fits and will raise an edge */
        flow->sink->ready &= ~(unsigned)ENDPOINT_WRITABLE;
    return n;
}

/* Hands on what it can. Bytes handed on, 0 when nothing can be, or negative errno. */
static ssize_t hand_on(struct flow *flow)
{
    if (flow->sink == NULL || ring_used(&flow->ring) == 0 || !endpoint_writable(flow->sink))
        return 0;
    ssize_t n = send_oldest(flow);
    if (n > 0)
        ring_consume(&flow->ring, (size_t)n);
    return would_block(n) ? 0 : n;
}

static ssize_t note_end(struct flow *flow, ssize_t result)
{
    bool reset = result < 0 || flow->source_broken;
    flow->end = reset ? FLOW_END_RESET : FLOW_END_FIN;
    flow->source_errnum = result < 0 ? (int)-result : flow->source_errnum;
    return 0;
}

static size_t read_allowance(const struct flow *flow)
{
    uint64_t room = ring_room(&flow->ring);
    uint64_t to_edge = flow->edge - flow->ring.tail;
    room = room < to_edge ? room : to_edge;
    return room < FLOW_READ_MAX ? (size_t)room : FLOW_READ_MAX;
}

/* Reads once into the ring. Bytes taken; 0 with `end` set when the source ended; 0; or -ENOMEM. */
static ssize_t take(struct flow *flow)
{
    size_t want = read_allowance(flow);
    if (want == 0 || flow->sink == NULL || flow->urgent != FLOW_NO_URGENT)
        return 0;
    bool urgent = (flow->source->ready & ENDPOINT_URGENT) != 0 &&
                  flow->source->ops->at_urgent_mark(flow->source);
    size_t got = 0;
    void *space = ring_reserve(&flow->ring, urgent ? 1 : want, &got);
    if (space == NULL)
        return ring_used(&flow->ring) == 0 ? -ENOMEM : 0;
    ssize_t n = endpoint_recv(flow->source, space, got);
    if (n > 0 && urgent)
        flow->urgent = flow->ring.tail;
    ring_commit(&flow->ring, n > 0 ? (size_t)n : 0);
    if (n > 0 || would_block(n))
        return n > 0 ? n : 0;
    return note_end(flow, n);
}

static ssize_t drop(struct flow *flow)
{
    ssize_t n = endpoint_discard(flow->source, FLOW_BUDGET);
    if (n > 0)
        flow->dropped += (uint64_t)n;
    if (n > 0 || would_block(n))
        return n > 0 ? n : 0;
    return note_end(flow, n);
}

/* Reads once, if there is anything to read and the intake allows it. */
static ssize_t read_some(struct flow *flow)
{
    if (flow->source == NULL || flow->end != FLOW_OPEN || flow->intake == FLOW_LEAVE ||
        !endpoint_readable(flow->source))
        return 0;
    return flow->intake == FLOW_TAKE ? take(flow) : drop(flow);
}

/* What stands next in the stream when the ring is empty. */
static enum flow_stop next_in_stream(const struct flow *flow)
{
    if (flow_handed(flow) == flow->edge)
        return FLOW_AT_EDGE;
    return flow->end != FLOW_OPEN ? FLOW_AT_END : FLOW_WAITING;
}

enum flow_stop flow_pump(struct flow *flow)
{
    for (uint64_t moved = 0; moved < FLOW_BUDGET;) {
        ssize_t handed = hand_on(flow);
        if (handed < 0) {
            flow->sink_errnum = (int)-handed;
            return FLOW_SINK_FAILED;
        }
        if (ring_used(&flow->ring) == 0 && !flow->finished && next_in_stream(flow) != FLOW_WAITING)
            return next_in_stream(flow);
        enum flow_end before = flow->end;
        ssize_t taken = read_some(flow);
        if (taken < 0)
            return FLOW_OUT_OF_MEMORY;
        if (flow->end != before)
            return FLOW_SAW_END;
        if (handed == 0 && taken == 0)
            return FLOW_WAITING;
        moved += (uint64_t)taken;
    }
    return FLOW_BUSY;
}
