/* SPDX-License-Identifier: MIT */
/*
 * One direction of a connection: reads bytes from one endpoint and writes them to the other. The
 * two flows of a connection are independent.
 *
 * A stream is a sequence: bytes, then at most one edge at a time (a fault's byte trigger or match),
 * then the end (a FIN or a RST from the source). flow_pump() moves bytes until something else is
 * next, and returns what; the session acts on it and pumps again. A pump never reads or forwards a
 * byte past the edge, so bytes behind it are still in the kernel when the fault fires.
 *
 * Life: embedded in a session; flow_init, flow_connect, pump..., flow_deinit.
 */
#ifndef RUDEPROXY_RELAY_FLOW_H
#define RUDEPROXY_RELAY_FLOW_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "proxy/base/clock.h"
#include "proxy/base/must_check.h"
#include "proxy/base/ring.h"
#include "proxy/base/side.h"
#include "proxy/relay/endpoint.h"
#include "proxy/relay/insertion.h"
#include "proxy/relay/splice_queue.h"

/* Most bytes forwarded or dropped in one call, so that one busy connection cannot starve the
 * others. */
#define FLOW_BUDGET (1024u * 1024u)
/* Bytes requested from one read. */
#define FLOW_READ_MAX RING_BLOCK
/* A read of this size or more means a bulk stream. */
#define FLOW_BULK (64u * 1024u)

/* Fewer bytes are copied, because a splice costs two more system calls. */
#define FLOW_SPLICE_MIN (16u * 1024u)

/* Limit of a pipe, in multiples of `buffer`. Its bytes are pages that the kernel has anyway. At the
 * default of 256k a splice_in is 1 MB, where the cost for each byte is least
 * (docs/PERFORMANCE.md). */
#define FLOW_SPLICE_BUFFERS 4

#define FLOW_NO_EDGE UINT64_MAX
#define FLOW_NO_URGENT UINT64_MAX

/* How a flow treats arriving bytes, and those behind an edge that was reached. */
enum flow_read_mode {
    FLOW_FORWARD, /* read into the ring, to be forwarded */
    FLOW_PAUSE,   /* left in the kernel: the window closes */
    FLOW_DISCARD, /* read, acknowledged and dropped */
};

/* How the source ended. */
enum flow_end {
    FLOW_OPEN, /* it has not */
    FLOW_END_FIN,
    FLOW_END_RESET,
};

/* Why flow_pump() returned. */
enum flow_stop {
    FLOW_WAITING, /* nothing to do until an endpoint becomes ready */
    FLOW_BUSY,    /* more to do: call again after other sessions had their turn */
    FLOW_AT_EDGE, /* `edge` bytes were forwarded */
    /* the source's FIN or RST was just read (once); earlier bytes may be pending */
    FLOW_SAW_END,
    FLOW_AT_END,      /* every byte was forwarded, and the source has ended */
    FLOW_SINK_FAILED, /* the far socket refused bytes: see sink_errnum */
    FLOW_OUT_OF_MEMORY,
};

struct messages;
struct shaping;

struct flow {
    enum direction direction;
    enum flow_read_mode read_mode;
    struct endpoint *source;
    struct endpoint *sink;
    struct ring ring;          /* read, not yet forwarded: the oldest bytes */
    size_t buffer;             /* limit of bytes pending for the sink, without delayed ones */
    uint64_t edge;             /* offset that must not be crossed; FLOW_NO_EDGE: none */
    uint64_t urgent;           /* offset of an urgent byte in the ring, FLOW_NO_URGENT: none */
    struct shaping *shaping;   /* shaping by faults; owned; NULL: none */
    struct messages *messages; /* parses its bytes into messages; the session's; NULL: none */
    /* forwarded before the next byte, one after another; NULL: none */
    struct insertion *insert;
    struct splice_queue spliced; /* bytes in pipes, behind those of the ring */
    /* offset up to which faults have changed bytes: each is changed only once */
    uint64_t changed;
    uint64_t inserted; /* bytes that faults added so far */
    uint64_t dropped;  /* bytes read and dropped */
    enum flow_end end;
    int source_errnum; /* positive errno of FLOW_END_RESET */
    int sink_errnum;   /* positive errno of FLOW_SINK_FAILED */
    bool bulk;         /* reads come in full blocks: splicing pays */
    bool let_go;       /* the last pump released the held beginning of a match or a message */
    bool cut;          /* no more bytes are read for forwarding */
    bool resumes;      /* reading is paused until a time that is known */
    bool withheld;     /* the pending bytes lie behind an edge, where a fault keeps them */
    /* A write to the source met its RST: the queue behind it ends in a reset, whatever the last
     * read returns. */
    bool source_broken;
    bool fin_before_break; /* its FIN came before that RST: the queue ends in the FIN */
    /* Its FIN was forwarded, or nothing can be forwarded any more: the sink expects nothing from
     * it. */
    bool finished;
};

/* `buffer`: bytes, or BUFFER_AUTO. `splice_pipes`: NULL to copy always. Both pools outlive the
 * flow. */
void flow_init(struct flow *flow, size_t buffer, struct ring_pool *pool,
    struct splice_pipe_pool *splice_pipes);
void flow_deinit(struct flow *flow);

/* Both endpoints exist until flow_deinit, or until the flow is cut and finished. */
static inline void flow_connect(struct flow *flow, struct endpoint *source, struct endpoint *sink)
{
    flow->source = source;
    flow->sink = sink;
}

enum flow_stop flow_pump(struct flow *flow, time_us now);

/* Queues bytes for insertion. The flow must not be cut or finished. */
void flow_insert(struct flow *flow, struct insertion *insertion);

/* Moves the bytes of pipes into the ring, where faults see them. Returns 0 or -ENOMEM. */
MUST_CHECK int flow_unpipe(struct flow *flow);

/* Sets what happens to arriving bytes. */
static inline void flow_set_read_mode(struct flow *flow, enum flow_read_mode read_mode)
{
    flow->read_mode = read_mode;
    flow->resumes = false;
}

/* Reading is paused, and goes on at a time that is known. */
static inline void flow_pause_for_a_time(struct flow *flow)
{
    flow->read_mode = FLOW_PAUSE;
    flow->resumes = true;
}

/* Whether the pending bytes lie behind an edge that was just reached, or where a fault keeps them.
 */
static inline bool flow_is_behind_edge(const struct flow *flow)
{
    return flow->withheld || flow->ring.head == flow->edge;
}

/* Sets what happens to the bytes that were read behind an edge: with FLOW_PAUSE they are withheld,
 * with FLOW_DISCARD they are dropped. */
void flow_set_behind_edge(struct flow *flow, enum flow_read_mode how);

/* `edge`: at or behind the bytes forwarded, or FLOW_NO_EDGE. */
static inline void flow_set_edge(struct flow *flow, uint64_t edge)
{
    flow->edge = edge;
}

/* Drops the edge, and the bytes that were read behind it if it was just reached. Returns how many
 * bytes these were. */
size_t flow_clear_edge(struct flow *flow);

/* From now on no byte is read for the sink: bytes that arrive are read and dropped, or stay in the
 * kernel while reading is paused. The ring's bytes are still forwarded, except behind an edge that
 * was just reached. An edge ahead of them stays. */
void flow_cut_keep_edge(struct flow *flow);

/* Does the same, and drops an edge ahead too: no fault fires any more. */
void flow_cut(struct flow *flow);

/* The sink is gone: stops reading and drops the ring's bytes. */
void flow_drop_sink(struct flow *flow);

/* Marks the flow as finished: the sink gets nothing more from it. */
static inline void flow_finish(struct flow *flow)
{
    flow->finished = true;
}

/* The source has ended: its FIN or RST stands behind the last byte that was read. */
void flow_note_end(struct flow *flow, enum flow_end end);

/* The sink reads no more, and the source can send no more: nothing is read from it. It counts as
 * ended by a FIN, although none was seen. */
static inline void flow_give_up_source(struct flow *flow)
{
    flow->end = FLOW_END_FIN;
}

/* Records that the source has reset, as a write to it or its error state shows. Bytes that arrived
 * before are still read. If reading is paused for no known time, the flow ends at the next pump. */
static inline void flow_note_source_reset(struct flow *flow)
{
    flow->source_broken = true;
}

/* Records that the source is closed. */
static inline void flow_detach_source(struct flow *flow)
{
    flow->source = NULL;
}

/* Reads and drops the unread bytes of the source, which is still open: with unread bytes, its
 * close() would send a RST instead of a FIN. */
void flow_discard_unread(struct flow *flow);

/* Whether all bytes read for the sink, and all that faults inserted, were written to it. */
static inline bool flow_is_delivered(const struct flow *flow)
{
    return flow->insert == NULL && ring_used(&flow->ring) == 0 && flow->spliced.bytes == 0;
}

/* Bytes written to the sink so far. */
static inline uint64_t flow_forwarded(const struct flow *flow)
{
    return flow->ring.head;
}

/* Bytes written to the sink so far, those that faults inserted included. */
static inline uint64_t flow_sent(const struct flow *flow)
{
    return flow_forwarded(flow) + flow->inserted;
}

/* Returns the offset behind the last byte that was read to be forwarded. */
static inline uint64_t flow_tail(const struct flow *flow)
{
    return flow->ring.tail + flow->spliced.bytes;
}

/* Returns the number of bytes that wait to be forwarded. */
static inline uint64_t flow_pending(const struct flow *flow)
{
    return flow_tail(flow) - flow->ring.head;
}

/* Offset up to which no byte can be changed any more. */
static inline uint64_t flow_changed_to(const struct flow *flow)
{
    return flow->changed > flow_forwarded(flow) ? flow->changed : flow_forwarded(flow);
}

/* Whether bytes or an end wait for a fault that lets nothing pass at any known time. */
bool flow_is_blocked(const struct flow *flow);

/* Whether bytes or an end will pass a fault at a known time. */
bool flow_is_delayed(const struct flow *flow);

/* Bytes read from the source so far, dropped ones included. */
static inline uint64_t flow_read_count(const struct flow *flow)
{
    return flow_tail(flow) + flow->dropped;
}

#endif
