/* SPDX-License-Identifier: MIT */
/*
 * One direction of a connection: bytes come from one endpoint and go to the other, and the two
 * flows of a connection know nothing of each other.
 *
 * Everything in a stream has its place: bytes, then at most one edge after another (a fault's byte
 * trigger or match), then the end (a FIN or a RST from the source). flow_pump() moves bytes until
 * something else is next, and says what; the session acts on it and pumps again. A pump never reads
 * and never forwards a byte past the edge, so what lies behind it is still in the kernel when the
 * fault fires.
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
#include "proxy/relay/splice_pipe.h"

/* Bytes forwarded (or dropped) in one call, so that one busy connection cannot starve the rest. */
#define FLOW_BUDGET (1024u * 1024u)
/* Bytes asked of one read. */
#define FLOW_READ_MAX RING_BLOCK
/* A read that brings so much says that it is a bulk stream. */
#define FLOW_BULK (64u * 1024u)

/* Less than this is copied: a splice costs two system calls more. */
#define FLOW_SPLICE_MIN (16u * 1024u)

/* How many times `buffer` a pipe may hold. Its bytes are pages that the kernel holds anyway, and at
 * the default of 256k a splice_in is 1 MB, where the cost for each byte is least (docs/PERFORMANCE.md). */
#define FLOW_SPLICE_BUFFERS 4

/* With `buffer = auto` a ring holds this much, and the bytes that a fault delays beside it up to
 * FLOW_DELAYED_MAX. Bytes that wait for the sink alone never count as delayed. */
#define FLOW_BUFFER PROXY_BUFFER
#define FLOW_DELAYED_MAX (64u * 1024u * 1024u)

#define FLOW_NO_EDGE UINT64_MAX
#define FLOW_NO_URGENT UINT64_MAX

/* What becomes of the bytes that arrive. */
enum flow_read_mode {
    FLOW_FORWARD, /* read into the ring, to be forwarded */
    FLOW_PAUSE,   /* left in the kernel: the window closes */
    FLOW_DISCARD, /* read, acknowledged and forgotten */
};

/* How the source ended. */
enum flow_end {
    FLOW_OPEN, /* it did not */
    FLOW_END_FIN,
    FLOW_END_RESET,
};

/* Why flow_pump() returned. */
enum flow_stop {
    FLOW_WAITING,     /* nothing to do until an endpoint wakes us */
    FLOW_BUSY,        /* there is more to do: call again after others had their turn */
    FLOW_AT_EDGE,     /* `edge` bytes were forwarded */
    FLOW_SAW_END,     /* the source's FIN or RST was just read (once); earlier bytes may wait */
    FLOW_AT_END,      /* every byte was forwarded, and the source has ended */
    FLOW_SINK_FAILED, /* the far socket refused bytes: see sink_errnum */
    FLOW_OUT_OF_MEMORY,
};

struct messages;
struct shaping;

struct flow {
    enum direction direction;
    struct endpoint *source;
    struct endpoint *sink;
    struct ring ring;          /* read, not yet forwarded; its tail is the number of bytes taken */
    size_t buffer;             /* bytes that may wait for the sink; delayed ones come on top */
    uint64_t edge;             /* offset that is not crossed, FLOW_NO_EDGE: none */
    uint64_t urgent;           /* offset of an urgent byte in the ring, FLOW_NO_URGENT: none */
    struct shaping *shaping;   /* what faults make of its bytes; owned; NULL: nothing */
    struct messages *messages; /* cuts its bytes into messages; the session's; NULL: nobody does */
    struct insertion *insert;  /* go before the next byte, one after another; NULL: none */
    struct splice_pipe_pool *splice_pipes; /* NULL: no splicing */
    struct splice_pipe *splice_pipe;       /* taken from it; NULL: none */
    size_t in_pipe;    /* bytes in the pipe: they stand behind the ring's, which is empty then */
    bool let_go;       /* the last pump let the beginning of a match or a message go */
    bool bulk;         /* reads come in full blocks: splicing pays */
    uint64_t changed;  /* offset up to which faults have changed bytes: each is changed once */
    uint64_t inserted; /* bytes that faults added so far */
    uint64_t dropped;  /* bytes read and forgotten */
    enum flow_read_mode read_mode;
    enum flow_end end;
    int source_errnum;  /* positive errno of FLOW_END_RESET */
    int sink_errnum;    /* positive errno of FLOW_SINK_FAILED */
    bool cut;           /* no byte is taken any more */
    bool withheld;      /* FLOW_PAUSE began at an edge: what the ring holds lies behind it */
    bool source_broken; /* a write to the source met its RST: the queue behind it ends in a
                           reset, whatever the last read says */
    bool finished;      /* its FIN was forwarded, or nothing can be forwarded any more: the
                           sink expects nothing from it */
};

/* `buffer`: bytes, or BUFFER_AUTO. `pipes`: NULL to copy always. Both pools outlive the flow. */
void flow_init(struct flow *flow, size_t buffer, struct ring_pool *pool,
    struct splice_pipe_pool *splice_pipes);
void flow_deinit(struct flow *flow);

/* Both endpoints stand until flow_deinit or until the flow is cut and finished. */
static inline void flow_connect(struct flow *flow, struct endpoint *source, struct endpoint *sink)
{
    flow->source = source;
    flow->sink = sink;
}

enum flow_stop flow_pump(struct flow *flow, time_us now);

/* Queues bytes for insertion. The flow must not be cut or finished. */
void flow_insert(struct flow *flow, struct insertion *insertion);

/* Moves what the pipe holds into the ring, where faults see it. 0 or -ENOMEM. */
MUST_CHECK int flow_unpipe(struct flow *flow);

/* Says what becomes of the bytes that arrive. At an edge that was just reached it applies to the bytes
 * behind it that were read already, too. */
void flow_set_read_mode(struct flow *flow, enum flow_read_mode read_mode);

/* `edge`: at or behind the bytes forwarded, or FLOW_NO_EDGE. */
static inline void flow_set_edge(struct flow *flow, uint64_t edge)
{
    flow->edge = edge;
}

/* Drops the edge, and the bytes that were read behind it if it was just reached. */
void flow_clear_edge(struct flow *flow);

/* Takes no byte from now on: bytes that arrive are read and dropped. The ring's bytes are still
 * forwarded, except behind an edge that was just reached. */
void flow_stop_reading(struct flow *flow);

/* The sink is gone: stops reading and drops the ring's bytes. */
void flow_drop_sink(struct flow *flow);

/* The sink's end is decided: it gets nothing more from this flow. */
static inline void flow_finish(struct flow *flow)
{
    flow->finished = true;
}

/* The source ended with a FIN that no read reports, because reading is paused. */
static inline void flow_end_with_fin(struct flow *flow)
{
    flow->end = FLOW_END_FIN;
}

/* The source has reset, as a write to it or its error state shows. Bytes that arrived before are still
 * read, unless reading is paused: then this is the end of the flow. */
void flow_note_source_reset(struct flow *flow);

/* The source is closed. */
static inline void flow_detach_source(struct flow *flow)
{
    flow->source = NULL;
}

/* Reads and drops the bytes that lie unread in the source, which is still open: with bytes unread, its
 * close() would send a RST instead of a FIN. */
void flow_discard_unread(struct flow *flow);

/* Whether all bytes that were read for the sink, and all that faults added, were written to it. */
static inline bool flow_is_delivered(const struct flow *flow)
{
    return flow->insert == NULL && ring_used(&flow->ring) == 0 && flow->in_pipe == 0;
}

/* Bytes written to the sink so far. */
static inline uint64_t flow_forwarded(const struct flow *flow)
{
    return flow->ring.head;
}

/* Bytes read from the source so far, dropped ones included. */
static inline uint64_t flow_read(const struct flow *flow)
{
    return flow->ring.tail + flow->in_pipe + flow->dropped;
}

#endif
