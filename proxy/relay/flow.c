/* SPDX-License-Identifier: MIT */
/*
 * The pump. The usual case: bytes are read from the source into the ring and written to the sink at
 * once, so the ring is empty before the next read and uses the same cached block each time.
 *
 * If the sink accepts no more, the ring fills up to its limit, then reading stops: the source's
 * window closes, which is back-pressure. When the source ends, the ring is written first. When the
 * sink fails, the ring is useless, and flow_pump() reports that to the session.
 *
 * Urgent data (RFC 6093): the socket keeps the urgent byte in line, and the kernel ends each read
 * at the mark (tcp_recvmsg_locked in net/ipv4/tcp.c), so SIOCATMARK before a read finds it. It is
 * in the ring like any byte, with its offset noted, and nothing behind it is read until it was sent
 * with MSG_OOB, unless it is held because it may belong to a match: then the next bytes decide.
 */
#include "proxy/relay/flow.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "proxy/base/min.h"
#include "proxy/relay/flow_read.h"
#include "proxy/relay/messages.h"
#include "proxy/relay/shaping.h"

/* Bound of flow_discard_unread: more than a receive buffer can hold (tcp_rmem). */
#define UNREAD_READ (1u << 20)
#define UNREAD_READS_MAX 64

void flow_init(
    struct flow *flow, size_t buffer, struct ring_pool *pool, struct splice_pipe_pool *splice_pipes)
{
    memset(flow, 0, sizeof *flow);
    splice_queue_init(&flow->spliced, splice_pipes, pool);
    flow->buffer = buffer == BUFFER_AUTO ? PROXY_BUFFER : buffer;
    ring_init(&flow->ring, buffer == BUFFER_AUTO ? PROXY_DELAYED_MAX : buffer, pool);
    flow->edge = FLOW_NO_EDGE;
    flow->urgent = FLOW_NO_URGENT;
    flow->read_mode = FLOW_FORWARD;
}

void flow_deinit(struct flow *flow)
{
    ring_deinit(&flow->ring);
    splice_queue_clear(&flow->spliced);
    shaping_free(flow->shaping);
    flow->shaping = NULL;
}

static void forget_bytes(struct flow *flow)
{
    flow->dropped += flow_pending(flow);
    splice_queue_clear(&flow->spliced);
    ring_forget(&flow->ring);
    flow->urgent = FLOW_NO_URGENT;
    flow->withheld = false;
    flow->changed = 0;
    if (flow->shaping != NULL)
        shaping_forget(flow->shaping, flow->ring.head);
}

void flow_insert(struct flow *flow, struct insertion *insertion)
{
    struct insertion **last = &flow->insert;
    assert(!flow->cut && !flow->finished && insertion->size > 0);
    while (*last != NULL)
        last = &(*last)->next;
    insertion->next = NULL;
    *last = insertion;
}

void flow_set_behind_edge(struct flow *flow, enum flow_read_mode how)
{
    if (how == FLOW_DISCARD && flow_is_behind_edge(flow))
        forget_bytes(flow);
    flow->withheld = how == FLOW_PAUSE;
}

size_t flow_clear_edge(struct flow *flow)
{
    uint64_t before = flow->dropped;
    if (flow_is_behind_edge(flow))
        forget_bytes(flow);
    flow->edge = FLOW_NO_EDGE;
    return (size_t)(flow->dropped - before);
}

void flow_cut(struct flow *flow)
{
    flow_clear_edge(flow);
    flow_cut_keep_edge(flow);
}

void flow_cut_keep_edge(struct flow *flow)
{
    if (flow_is_behind_edge(flow))
        flow_clear_edge(flow);
    flow->cut = true;
    if (flow->shaping != NULL)
        shaping_end_match(flow->shaping);
    if (flow->read_mode == FLOW_FORWARD)
        flow->read_mode = FLOW_DISCARD;
}

void flow_drop_sink(struct flow *flow)
{
    flow_cut(flow);
    forget_bytes(flow);
    flow->insert = NULL;
    flow->sink = NULL;
    flow->finished = true;
}

void flow_discard_unread(struct flow *flow)
{
    for (int i = 0; i < UNREAD_READS_MAX; i++) {
        ssize_t n = flow->source->ops->discard(flow->source, UNREAD_READ);
        if (n <= 0)
            return;
        flow->dropped += (uint64_t)n;
    }
}

/* Sends bytes that a fault inserts, shaped by the later faults of the file. Returns bytes sent, 0:
 * none may be sent now, or negative errno. */
static ssize_t send_insertion(struct flow *flow)
{
    struct insertion *insert = flow->insert;
    struct shaping *shaping = flow->shaping;
    unsigned char bytes[INSERTION_PIECE];
    size_t size = insertion_peek(insert, bytes, sizeof bytes);
    if (shaping != NULL)
        size = shaping_allow_insertion(shaping, insert, flow->ring.head, size);
    if (size == 0)
        return 0;
    if (shaping != NULL)
        shaping_change_insertion(shaping, insert, INSERTION_OFFSETS + flow->inserted, bytes, size);
    const struct iovec piece = {.iov_base = bytes, .iov_len = size};
    ssize_t n = endpoint_send(flow->sink, &piece, 1, shaping != NULL && shaping->cuts_segments);
    if (n <= 0)
        return n;
    if (shaping != NULL)
        shaping_insertion_forwarded(shaping, insert, flow->ring.head, (size_t)n);
    insert->sent += (uint64_t)n;
    flow->inserted += (uint64_t)n;
    if (insert->sent < insert->size)
        return n;
    flow->insert = insert->next;
    if (shaping != NULL && shaping->mutates && !flow->cut)
        flow_set_edge(flow, flow->ring.head); /* a fault may have fired in these bytes */
    return n;
}

static ssize_t send_urgent(struct flow *flow)
{
    struct iovec pieces[2];
    int count = ring_peek(&flow->ring, 1, pieces);
    if (flow->shaping != NULL)
        flow->changed =
            shaping_change(flow->shaping, flow->ring.head, flow->changed, pieces, count);
    ssize_t n = endpoint_send_urgent(flow->sink, *(unsigned char *)pieces[0].iov_base);
    if (n > 0)
        flow->urgent = FLOW_NO_URGENT;
    return n;
}

/* Returns the offset up to which pending bytes may be forwarded; a FIN or RST counts as one
 * byte. */
static uint64_t allowed_to(struct flow *flow)
{
    uint64_t end = flow_tail(flow) + (flow->end != FLOW_OPEN ? 1 : 0);
    uint64_t limit = min_u64(flow->edge, end);
    /* no message ends in bytes that went into pipes */
    if (flow->messages != NULL && flow->spliced.bytes == 0 && limit > flow->ring.head)
        limit = min_u64(limit, messages_hold(flow->messages, flow));
    if (flow->shaping == NULL || limit <= flow->ring.head)
        return limit;
    return shaping_allowed(flow->shaping, flow->ring.head, limit);
}

/* Sends the oldest `max` bytes of the ring, or the urgent one among them. */
static ssize_t send_oldest(struct flow *flow, size_t max)
{
    struct iovec pieces[2];
    if (flow->urgent == flow->ring.head)
        return send_urgent(flow);
    if (flow->urgent != FLOW_NO_URGENT && flow->urgent - flow->ring.head < max)
        max = (size_t)(flow->urgent - flow->ring.head);
    int count = ring_peek(&flow->ring, max, pieces);
    if (flow->shaping != NULL)
        flow->changed =
            shaping_change(flow->shaping, flow->ring.head, flow->changed, pieces, count);
    bool whole = flow->shaping != NULL && flow->shaping->cuts_segments;
    ssize_t n = endpoint_send(flow->sink, pieces, count, whole);
    if (n >= 0 && (size_t)n < max) /* the socket buffer is full: epoll reports new space */
        flow->sink->ready &= ~(unsigned)ENDPOINT_WRITABLE;
    return n;
}

/* Sends the oldest bytes, at most `max`: those of the ring, or if it is empty those in pipes. */
static ssize_t send_pending(struct flow *flow, uint64_t max)
{
    size_t used = ring_used(&flow->ring);
    ssize_t n = used > 0 ? send_oldest(flow, max < used ? (size_t)max : used)
                         : splice_queue_write(&flow->spliced, flow->sink, (size_t)max);
    if (n > 0 && used > 0)
        ring_consume(&flow->ring, (size_t)n);
    else if (n > 0)
        ring_skip(&flow->ring, (size_t)n);
    return n;
}

/* Forwards as much as it can. Returns bytes forwarded, 0: none can be, or negative errno. */
static ssize_t forward(struct flow *flow)
{
    if (flow->sink == NULL || !endpoint_writable(flow->sink))
        return 0;
    if (flow->insert != NULL) {
        ssize_t n = send_insertion(flow);
        return flow_would_block(n) ? 0 : n;
    }
    if (flow->withheld)
        return 0;
    uint64_t pending = flow_pending(flow), offset = flow->ring.head;
    uint64_t allowed = pending == 0 ? offset : allowed_to(flow);
    if (allowed <= offset)
        return 0;
    ssize_t n = send_pending(flow, min_u64(allowed - offset, pending));
    if (n > 0 && flow->shaping != NULL)
        shaping_forwarded(flow->shaping, offset, (size_t)n);
    return flow_would_block(n) ? 0 : n;
}

bool flow_is_delayed(const struct flow *flow)
{
    return flow->shaping != NULL && shaping_next_time(flow->shaping) != TIME_NEVER;
}

bool flow_is_blocked(const struct flow *flow)
{
    bool receiver_waits = flow->sink != NULL && endpoint_writable(flow->sink);
    return flow->shaping != NULL && !flow->finished && receiver_waits && !flow_is_delayed(flow);
}

/* Returns what follows in the stream after the forwarded bytes. */
static enum flow_stop next_in_stream(struct flow *flow)
{
    if (flow->finished || flow->insert != NULL)
        return FLOW_WAITING;
    if (flow_forwarded(flow) == flow->edge)
        return FLOW_AT_EDGE;
    if (flow->end == FLOW_OPEN || flow_pending(flow) > 0)
        return FLOW_WAITING;
    return allowed_to(flow) > flow->ring.tail ? FLOW_AT_END : FLOW_WAITING;
}

static enum flow_stop pump(struct flow *flow, time_us now)
{
    flow->let_go = flow->messages != NULL && messages_let_go(flow->messages, flow, now);
    if (flow->shaping != NULL) {
        shaping_begin(flow->shaping, now);
        flow->let_go |= flow->shaping->let_go;
    }
    uint64_t dropped = flow->dropped;
    bool idle = false; /* nothing moved: but a read may have let bytes go, or found an edge */
    for (uint64_t moved = 0; moved < FLOW_BUDGET;) {
        ssize_t forwarded = forward(flow);
        if (forwarded < 0) {
            flow->sink_errnum = (int)-forwarded;
            return FLOW_SINK_FAILED;
        }
        enum flow_stop next = next_in_stream(flow);
        if (next != FLOW_WAITING || (idle && forwarded == 0))
            return next;
        enum flow_end before = flow->end;
        ssize_t taken = flow_read_some(flow);
        if (taken < 0)
            return FLOW_OUT_OF_MEMORY;
        if (flow->end != before)
            return FLOW_SAW_END;
        if (flow->dropped != dropped) /* run_flow() of session.c looks what that ends */
            return FLOW_WAITING;
        idle = forwarded == 0 && taken == 0;
        moved += (uint64_t)(taken > forwarded ? taken : forwarded);
    }
    return FLOW_BUSY;
}

enum flow_stop flow_pump(struct flow *flow, time_us now)
{
    enum flow_stop stop = pump(flow, now);
    if (flow->spliced.bytes == 0)
        splice_queue_clear(&flow->spliced);
    return stop;
}
