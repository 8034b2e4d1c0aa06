/* SPDX-License-Identifier: MIT */
/* A socket in memory: see memory_endpoint.h. */
#include "tests/lib/memory_endpoint.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proxy/base/list.h"

/* Every call comes through here. */
static struct memory_endpoint *of(struct endpoint *ep)
{
    struct memory_endpoint *end = container_of(ep, struct memory_endpoint, ep);
    if (end->closed)
        fail_msg("a closed socket is used");
    if (++end->calls > MEMORY_CALLS_MAX)
        fail_msg("%u calls without an end: the session spins", end->calls);
    return end;
}

/* Returns the result of a read behind the last byte. */
static ssize_t nothing_to_read(struct memory_endpoint *end)
{
    if (end->error_pending) {
        end->error_pending = false;
        return -ECONNRESET;
    }
    return end->fin_in || end->rst_in ? 0 : -EAGAIN;
}

/* Returns how many bytes one read may take. */
static size_t readable(const struct memory_endpoint *end, size_t max)
{
    size_t n = end->in_len - end->in_read;
    if (end->urgent_in != SIZE_MAX && end->in_read < end->urgent_in)
        n = end->urgent_in - end->in_read;
    return n < max ? n : max;
}

static ssize_t memory_peek(struct endpoint *ep, void *buf, size_t size)
{
    struct memory_endpoint *end = of(ep);
    size_t n = readable(end, size);
    if (n == 0)
        return nothing_to_read(end);
    memcpy(buf, end->in + end->in_read, n);
    return (ssize_t)n;
}

static ssize_t memory_discard(struct endpoint *ep, size_t max)
{
    struct memory_endpoint *end = of(ep);
    size_t n = readable(end, max);
    if (max == 0)
        return 0; /* as recv(2) does */
    if (n == 0)
        return nothing_to_read(end);
    end->in_read += n;
    return (ssize_t)n;
}

static ssize_t memory_recv(struct endpoint *ep, void *buf, size_t size)
{
    ssize_t n = memory_peek(ep, buf, size);
    if (n > 0)
        of(ep)->in_read += (size_t)n;
    return n;
}

/* A RST is EPIPE in CLOSE_WAIT only: after the peer's FIN, before ours (tcp_reset in
 * net/ipv4/tcp_input.c). */
static int memory_take_error(struct endpoint *ep)
{
    struct memory_endpoint *end = of(ep);
    int errnum = !end->error_pending ? 0 : end->fin_in && !end->fin_out ? EPIPE : ECONNRESET;
    end->error_pending = false;
    return errnum;
}

/* Why nothing can be written, as sk_stream_error() in net/core/stream.c says it; 0: it can. */
static ssize_t write_error(struct memory_endpoint *end)
{
    if (end->error_pending)
        return -memory_take_error(&end->ep);
    if (end->rst_in || end->fin_out || end->reads_no_more)
        return -EPIPE;
    return end->out_len < end->window ? 0 : -EAGAIN;
}

static void append(struct memory_endpoint *end, const void *bytes, size_t n)
{
    if (n > end->cap - end->out_len)
        fail_msg("more than %zu bytes were sent", end->cap);
    memcpy(end->out + end->out_len, bytes, n);
    end->out_len += n;
}

static ssize_t memory_send(struct endpoint *ep, const struct iovec *pieces, int count, bool whole)
{
    struct memory_endpoint *end = of(ep);
    ssize_t error = write_error(end);
    size_t before = end->out_len;
    if (error != 0)
        return error;
    for (int i = 0; i < count; i++) {
        size_t room = end->window - end->out_len;
        append(end, pieces[i].iov_base, pieces[i].iov_len < room ? pieces[i].iov_len : room);
    }
    assert_true(end->out_len > before);
    if (end->send_count < MEMORY_SENDS_MAX) /* the first ones are recorded */
        end->sends[end->send_count++] =
            (struct memory_send){.end = end->out_len, .at = *end->now, .whole = whole};
    return (ssize_t)(end->out_len - before);
}

static ssize_t memory_send_urgent(struct endpoint *ep, unsigned char byte)
{
    const struct iovec piece = {.iov_base = &byte, .iov_len = 1};
    ssize_t n = memory_send(ep, &piece, 1, false);
    if (n > 0)
        of(ep)->urgent_out = of(ep)->out_len - 1;
    return n;
}

static bool memory_at_urgent_mark(struct endpoint *ep)
{
    struct memory_endpoint *end = of(ep);
    bool is_at = end->in_read == end->urgent_in;
    unsigned char late = end->late_urgent;
    if (late != 0 && end->in_read == end->in_len) {
        end->late_urgent = 0;
        memory_endpoint_feed_urgent(end, late);
    }
    return is_at;
}

static int memory_shutdown_write(struct endpoint *ep)
{
    struct memory_endpoint *end = of(ep);
    if (end->fin_out)
        fail_msg("a second FIN");
    if (end->rst_in)
        return -ENOTCONN;
    end->fin_out = true;
    return 0;
}

static void memory_shutdown_read(struct endpoint *ep)
{
    assert_false(ep->can_reset);
    of(ep)->read_shut = true;
}

static size_t memory_unread(struct endpoint *ep)
{
    const struct memory_endpoint *end = of(ep);
    return end->in_len - end->in_read;
}

static bool memory_is_full(struct endpoint *ep)
{
    const struct memory_endpoint *end = of(ep);
    return end->receive_max != 0 && end->in_len - end->in_read >= end->receive_max;
}

static size_t memory_unacked(struct endpoint *ep)
{
    const struct memory_endpoint *end = of(ep);
    if (end->rst_in || end->acked == SIZE_MAX)
        return 0;
    return end->out_len - end->acked + (end->fin_out ? 1 : 0);
}

static int memory_set_filters(
    struct endpoint *ep, const struct packet_filter *filters, unsigned count)
{
    struct memory_endpoint *end = of(ep);
    if (count > 0 && end->filter_error != 0)
        return -end->filter_error;
    assert_in_range(count, 0, ENDPOINT_FILTERS_MAX);
    memcpy(end->filters, filters, count * sizeof *filters);
    end->filter_count = count;
    return 0;
}

static void memory_probe(struct endpoint *ep, unsigned after_s)
{
    of(ep)->probed_after_s = after_s;
}

static void memory_close(struct endpoint *ep, enum endpoint_close how)
{
    struct memory_endpoint *end = of(ep);
    end->closed = true;
    end->how = how;
}

/* --- pipes --- */

struct memory_splice_pipe {
    struct splice_pipe splice_pipe;
    struct memory_splice_pipes *owner;
    size_t head, tail;
    unsigned char bytes[MEMORY_CONDUIT_MAX];
};

static struct memory_splice_pipe *splice_pipe_of(struct splice_pipe *splice_pipe)
{
    return container_of(splice_pipe, struct memory_splice_pipe, splice_pipe);
}

static struct splice_pipe *take_splice_pipe(struct splice_pipe_pool *pool)
{
    struct memory_splice_pipes *owner = container_of(pool, struct memory_splice_pipes, pool);
    struct memory_splice_pipe *splice_pipe = calloc(1, sizeof *splice_pipe);
    if (splice_pipe == NULL)
        return NULL;
    splice_pipe->owner = owner;
    owner->taken++;
    return &splice_pipe->splice_pipe;
}

static void give_splice_pipe(
    struct splice_pipe_pool *pool, struct splice_pipe *splice_pipe, bool empty)
{
    assert_true(empty == (splice_pipe_of(splice_pipe)->head == splice_pipe_of(splice_pipe)->tail));
    container_of(pool, struct memory_splice_pipes, pool)->taken--;
    free(splice_pipe_of(splice_pipe));
}

static void drain_splice_pipe(
    struct splice_pipe_pool *pool, struct splice_pipe *splice_pipe, void *bytes, size_t n)
{
    struct memory_splice_pipe *from = splice_pipe_of(splice_pipe);
    (void)pool;
    assert_in_range(n, 0, from->tail - from->head);
    memcpy(bytes, from->bytes + from->head, n);
    from->head += n;
}

void memory_splice_pipes_init(struct memory_splice_pipes *splice_pipes)
{
    *splice_pipes = (struct memory_splice_pipes){
        .pool = {.take = take_splice_pipe, .give = give_splice_pipe, .drain = drain_splice_pipe}};
}

static ssize_t memory_fill(struct endpoint *ep, struct splice_pipe *splice_pipe, size_t max)
{
    struct memory_splice_pipe *to = splice_pipe_of(splice_pipe);
    if (to->head == to->tail)
        to->head = to->tail = 0;
    size_t room = MEMORY_CONDUIT_MAX - to->tail;
    ssize_t n =
        room == 0 ? -EAGAIN : memory_recv(ep, to->bytes + to->tail, max < room ? max : room);
    to->tail += n > 0 ? (size_t)n : 0;
    return n;
}

static ssize_t memory_pour(struct endpoint *ep, struct splice_pipe *splice_pipe, size_t max)
{
    struct memory_splice_pipe *from = splice_pipe_of(splice_pipe);
    size_t size = from->tail - from->head < max ? from->tail - from->head : max;
    const struct iovec piece = {.iov_base = from->bytes + from->head, .iov_len = size};
    ssize_t n = memory_send(ep, &piece, 1, false);
    if (n > 0) {
        from->head += (size_t)n;
        from->owner->spliced += (uint64_t)n;
    }
    return n;
}

static const struct endpoint_ops memory_ops = {
    .recv = memory_recv,
    .peek = memory_peek,
    .discard = memory_discard,
    .send = memory_send,
    .splice_in = memory_fill,
    .splice_out = memory_pour,
    .send_urgent = memory_send_urgent,
    .at_urgent_mark = memory_at_urgent_mark,
    .shutdown_write = memory_shutdown_write,
    .shutdown_read = memory_shutdown_read,
    .unread = memory_unread,
    .is_full = memory_is_full,
    .unacked = memory_unacked,
    .take_error = memory_take_error,
    .set_filters = memory_set_filters,
    .probe = memory_probe,
    .close = memory_close,
};

void memory_endpoint_init(struct memory_endpoint *end, size_t cap, const time_us *now)
{
    memset(end, 0, sizeof *end);
    end->now = now;
    end->cap = cap;
    end->in = malloc(cap);
    end->out = malloc(cap);
    end->sends = malloc(MEMORY_SENDS_MAX * sizeof end->sends[0]);
    assert_true(end->in != NULL && end->out != NULL && end->sends != NULL);
    memory_endpoint_reset(end);
}

void memory_endpoint_deinit(struct memory_endpoint *end)
{
    free(end->in);
    free(end->out);
    free(end->sends);
}

void memory_endpoint_reset(struct memory_endpoint *end)
{
    *end = (struct memory_endpoint){
        .ep = {.ops = &memory_ops, .ready = ENDPOINT_WRITABLE, .can_reset = true},
        .now = end->now,
        .cap = end->cap,
        .in = end->in,
        .out = end->out,
        .sends = end->sends,
        .urgent_in = SIZE_MAX,
        .urgent_out = SIZE_MAX,
        .window = SIZE_MAX,
        .acked = SIZE_MAX,
    };
}

void memory_endpoint_feed(struct memory_endpoint *end, const void *bytes, size_t n)
{
    if (end->closed || n == 0)
        return;
    assert_true(!end->fin_in && !end->rst_in && n <= end->cap - end->in_len);
    memcpy(end->in + end->in_len, bytes, n);
    end->in_len += n;
    end->ep.ready |= ENDPOINT_READABLE;
}

void memory_endpoint_feed_urgent(struct memory_endpoint *end, unsigned char byte)
{
    end->urgent_in = end->in_len;
    memory_endpoint_feed(end, &byte, 1);
    end->ep.ready |= ENDPOINT_URGENT;
}

void memory_endpoint_feed_fin(struct memory_endpoint *end)
{
    end->fin_in = true;
    end->ep.ready |= ENDPOINT_READABLE | ENDPOINT_HANGUP;
}

void memory_endpoint_feed_rst(struct memory_endpoint *end)
{
    end->rst_in = end->error_pending = true;
    end->ep.ready |= ENDPOINT_READABLE | ENDPOINT_WRITABLE | ENDPOINT_ERROR | ENDPOINT_HANGUP;
}

void memory_endpoint_open_window(struct memory_endpoint *end, size_t window)
{
    end->window = window;
    end->ep.ready |= ENDPOINT_WRITABLE;
}
