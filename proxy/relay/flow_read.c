/* SPDX-License-Identifier: MIT */
/*
 * How a flow reads: into its ring, into a pipe, or to drop the bytes; up to its edge, and up to the
 * edges of matches and messages.
 */
#include "proxy/relay/flow_read.h"

#include <assert.h>
#include <errno.h>

#include "proxy/base/min.h"
#include "proxy/relay/messages.h"
#include "proxy/relay/shaping.h"

void flow_note_end(struct flow *flow, enum flow_end end)
{
    flow->end = end;
    if (flow->shaping != NULL)
        shaping_ended(flow->shaping, flow_tail(flow), flow_pending(flow) == 0);
    if (flow->messages != NULL && end == FLOW_END_FIN)
        messages_end(flow->messages, flow);
}

/* A read found the end. */
static ssize_t read_end(struct flow *flow, ssize_t result)
{
    bool reset = result < 0 || (flow->source_broken && !flow->fin_before_break);
    flow->source_errnum = result < 0 ? (int)-result : flow->source_errnum;
    flow_note_end(flow, reset ? FLOW_END_RESET : FLOW_END_FIN);
    return 0;
}

/* Whether bytes before the edge are held, because they may belong to a match or a message that a
 * fault waits for. */
static bool holds_beginning(const struct flow *flow)
{
    return (flow->shaping != NULL && flow->shaping->hold < flow->edge) ||
           (flow->messages != NULL && messages_hold(flow->messages, flow) < flow->edge);
}

/* Returns how many more bytes may wait. Delayed bytes that are not yet due do not count. */
static uint64_t room(struct flow *flow)
{
    uint64_t used = flow_pending(flow), most = flow->buffer;
    if (used >= most && flow->shaping != NULL && flow->ring.limit > most)
        most += shaping_delayed(flow->shaping, flow->ring.head, flow_tail(flow));
    most = min_u64(most, flow->ring.limit);
    return used < most ? most - used : 0;
}

static size_t read_allowance(struct flow *flow)
{
    uint64_t allowance = room(flow);
    uint64_t to_edge = flow->edge > flow->ring.tail ? flow->edge - flow->ring.tail : 0;
    /* A held beginning of a match or message may lie before the edge: only the next byte
     * decides. */
    if (to_edge == 0 && holds_beginning(flow))
        to_edge = 1;
    return (size_t)min_u64(min_u64(allowance, to_edge), FLOW_READ_MAX);
}

static bool matches(const struct flow *flow)
{
    return flow->shaping != NULL && flow->shaping->matches;
}

/* Returns how many of these next bytes may be read before an edge. */
static size_t scan(struct flow *flow, const unsigned char *bytes, size_t n)
{
    if (matches(flow))
        n = shaping_may_scan(flow->shaping, bytes, n);
    if (flow->messages != NULL)
        n = messages_scan(flow->messages, flow, bytes, n);
    if (!matches(flow))
        return n;
    shaping_scan(flow->shaping, flow->ring.tail, bytes, n);
    if (flow->shaping->match_edge < flow->edge)
        flow->edge = flow->shaping->match_edge;
    return n;
}

/* Reads while a fault looks for a pattern or a message: bytes behind its edge stay in the
 * socket. */
static ssize_t read_up_to_edge(struct flow *flow, void *space, size_t size)
{
    ssize_t n = flow->source->ops->peek(flow->source, space, size);
    if (n <= 0) {
        endpoint_note_read(flow->source, n, size);
        return n;
    }
    size_t wanted = scan(flow, space, (size_t)n);
    if (wanted == 0) /* a fault comes before them; to take no byte would look like a FIN */
        return -EAGAIN;
    ssize_t taken = flow->source->ops->discard(flow->source, wanted);
    /* the peeked bytes are still there, because only this flow reads */
    assert(taken < 0 || (size_t)taken == wanted);
    if (wanted == (size_t)n)
        endpoint_note_read(flow->source, n, size);
    return taken;
}

static ssize_t read_bytes(struct flow *flow, void *space, size_t size)
{
    bool peeks = matches(flow) ||
                 (flow->messages != NULL && messages_peeks(flow->messages, flow->direction));
    ssize_t n =
        peeks ? read_up_to_edge(flow, space, size) : endpoint_recv(flow->source, space, size);
    if (n > 0 && !peeks && flow->messages != NULL)
        messages_scan(flow->messages, flow, space, (size_t)n);
    if (n > 0 && flow->shaping != NULL)
        shaping_taken(flow->shaping, flow->ring.tail, (size_t)n, ring_used(&flow->ring) == 0);
    return n;
}

/* Returns how many of the next bytes no fault and no framing needs to see. */
static uint64_t unseen_bytes(const struct flow *flow)
{
    uint64_t tail = flow_tail(flow), to_edge = flow->edge > tail ? flow->edge - tail : 0;
    if (flow->messages == NULL)
        return to_edge;
    return min_u64(to_edge, messages_skippable(flow->messages, flow));
}

/* Whether the next bytes should be spliced instead of copied: bulk data up to a distant edge, which
 * no fault needs to see. Bytes behind those in pipes cannot be copied. */
static bool may_splice(const struct flow *flow)
{
    bool delays = flow->shaping != NULL && flow->shaping->only_delays && flow->messages == NULL;
    if (flow->spliced.pool == NULL || (flow->source->ready & ENDPOINT_URGENT) != 0)
        return false;
    if (delays && flow->spliced.bytes > 0)
        return true;
    return flow->bulk && unseen_bytes(flow) >= FLOW_SPLICE_MIN && flow->insert == NULL &&
           (delays || (flow->shaping == NULL && ring_used(&flow->ring) == 0));
}

/* Returns how many bytes may be read now. *urgent: it is the urgent byte, which is read alone. Once
 * urgent data has come, no byte is read that arrived behind the look for the mark: it may be
 * urgent, too, and a read that begins at a mark does not stop there. */
static size_t up_to_mark(struct flow *flow, size_t want, bool *urgent)
{
    struct endpoint *source = flow->source;
    *urgent = false;
    if ((source->ready & ENDPOINT_URGENT) == 0)
        return want;
    size_t arrived = source->ops->unread(source);
    *urgent = source->ops->at_urgent_mark(source);
    if (*urgent)
        return 1;
    if (arrived > 0)
        return min_size(arrived, want);
    if ((source->ready & (ENDPOINT_ERROR | ENDPOINT_HANGUP)) != 0) /* behind the last byte */
        return want;
    endpoint_note_read(source, -EAGAIN, want);
    return 0;
}

/* Reads once into the ring. Returns bytes read; 0 with `end` set if the source ended; 0; or
 * -ENOMEM. */
static ssize_t flow_take(struct flow *flow)
{
    size_t want = read_allowance(flow);
    bool urgent_waits = flow->urgent != FLOW_NO_URGENT;
    if (want == 0 || flow->sink == NULL || (urgent_waits && !holds_beginning(flow)) ||
        (flow->messages != NULL && !messages_may_read(flow->messages, flow)))
        return 0;
    bool urgent;
    want = up_to_mark(flow, want, &urgent);
    if (want == 0 || (urgent && urgent_waits)) /* its own mark: the offset of one is kept */
        return 0;
    size_t got = 0;
    void *space = ring_reserve(&flow->ring, want, &got);
    if (space == NULL)
        return ring_used(&flow->ring) == 0 ? -ENOMEM : 0;
    ssize_t n = read_bytes(flow, space, got);
    if (n > 0 && urgent)
        flow->urgent = flow->ring.tail;
    flow->bulk = n >= (ssize_t)FLOW_BULK;
    ring_commit(&flow->ring, n > 0 ? (size_t)n : 0);
    if (flow->messages != NULL && messages_failed(flow->messages))
        return -ENOMEM;
    if (n > 0 || flow_would_block(n))
        return n > 0 ? n : 0;
    return read_end(flow, n);
}

/* Returns how many bytes one splice may take. Without a fault, the pipe is empty before it. */
static uint64_t splice_allowance(struct flow *flow)
{
    uint64_t unseen = unseen_bytes(flow);
    uint64_t allowance = flow->buffer * FLOW_SPLICE_BUFFERS;
    if (flow->shaping != NULL)
        allowance = min_u64(room(flow), ring_pool_room(flow->ring.pool));
    return min_u64(unseen, allowance);
}

int flow_unpipe(struct flow *flow)
{
    size_t n = flow->spliced.bytes;
    if (n == 0)
        return 0;
    void *space = ring_reserve_whole(&flow->ring, n);
    if (space == NULL)
        return -ENOMEM;
    splice_queue_drain(&flow->spliced, space);
    ring_commit(&flow->ring, n);
    return 0;
}

/* Copies the bytes in pipes, and those that arrive: there is no pipe for them. */
static ssize_t take_unspliced(struct flow *flow)
{
    flow->bulk = false;
    return flow_unpipe(flow) == 0 ? flow_take(flow)
                                  : 0; /* without memory they are forwarded first */
}

/* Reads once into a pipe. Returns as flow_take(). */
static ssize_t take_spliced(struct flow *flow)
{
    uint64_t max = splice_allowance(flow), offset = flow_tail(flow);
    if (max == 0) /* if nothing is pending, only a read can go on: a ring always has a page */
        return flow_pending(flow) == 0 ? take_unspliced(flow) : 0;
    ssize_t n = splice_queue_read(&flow->spliced, flow->source, (size_t)max);
    if (n == -ENOBUFS)
        return take_unspliced(flow);
    if (!flow_would_block(n)) /* EAGAIN alone says nothing about later reads */
        flow->bulk = n >= (ssize_t)FLOW_SPLICE_MIN;
    if (n > 0 && flow->messages != NULL)
        messages_skip(flow->messages, flow, (size_t)n);
    if (n > 0 && flow->shaping != NULL)
        shaping_taken(flow->shaping, offset, (size_t)n, offset == flow_forwarded(flow));
    if (n > 0 || flow_would_block(n))
        return n > 0 ? n : 0;
    return read_end(flow, n);
}

static ssize_t drop(struct flow *flow)
{
    ssize_t n = endpoint_discard(flow->source, FLOW_BUDGET);
    if (n > 0)
        flow->dropped += (uint64_t)n;
    if (n > 0 && flow->shaping != NULL)
        shaping_dropped(flow->shaping, flow_tail(flow));
    if (n > 0 || flow_would_block(n))
        return n > 0 ? n : 0;
    return read_end(flow, n);
}

/* Reads to forward. */
static ssize_t take(struct flow *flow)
{
    if (flow->sink != NULL && may_splice(flow))
        return take_spliced(flow);
    return flow->spliced.bytes > 0 ? take_unspliced(flow) : flow_take(flow);
}

/* Whether bytes may wait in the kernel although there is room for them: an edge or an urgent byte
 * stands in front of them. Bytes that find no room in `buffer` arrive when they are read; those
 * that wait for `memory` have arrived. */
static bool is_stopped(struct flow *flow)
{
    return flow->shaping->wants_arrivals && flow->end == FLOW_OPEN &&
           endpoint_readable(flow->source) && room(flow) > 0;
}

/* A fault may delay the bytes in front of the edge, and would delay those behind it again if they
 * arrived only when the edge is gone. Each arrival wakes the session, and comes here. */
static void note_unread(struct flow *flow)
{
    struct endpoint *source = flow->source;
    uint64_t end = (source->ready & ENDPOINT_HANGUP) != 0 ? 1 : 0;
    shaping_note_unread(flow->shaping, flow_tail(flow) + source->ops->unread(source) + end);
}

ssize_t flow_read_some(struct flow *flow)
{
    if (flow->source == NULL || flow->end != FLOW_OPEN)
        return 0;
    bool reads_later = flow->resumes && !flow->cut;
    if (flow->read_mode == FLOW_PAUSE && flow->source_broken &&
        !reads_later) /* no read will tell */
        flow_note_end(flow, FLOW_END_RESET);
    if (flow->read_mode == FLOW_PAUSE || !endpoint_readable(flow->source))
        return 0;
    if (flow->read_mode == FLOW_DISCARD)
        return drop(flow);
    if (flow->spliced.bytes > 0 && flow->shaping == NULL) /* they are forwarded first */
        return 0;
    ssize_t taken = take(flow);
    if (taken == 0 && flow->shaping != NULL && is_stopped(flow))
        note_unread(flow);
    return taken;
}
