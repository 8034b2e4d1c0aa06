/* SPDX-License-Identifier: MIT */
/*
 * A socket in memory: what its peer sent and what was sent to its peer are buffers, and the test
 * plays the peer. It behaves as TCP on Linux does: the bytes before a RST can still be read, the
 * error comes once, readiness comes in edges, a read ends before an urgent byte.
 *
 * Life: memory_endpoint_init, hand `ep` to a session, feed, look, memory_endpoint_deinit. All of
 * its memory is taken at the beginning, so that a test may fail every other allocation.
 */
#ifndef RUDEPROXY_TESTS_LIB_MEMORY_ENDPOINT_H
#define RUDEPROXY_TESTS_LIB_MEMORY_ENDPOINT_H

#include "proxy/base/clock.h"
#include "proxy/relay/endpoint.h"

/* Calls between two looks of the test; whoever makes more spins. */
#define MEMORY_CALLS_MAX 1000000
/* Writes that are remembered. */
#define MEMORY_SENDS_MAX 65536

/* One write as the peer sees it. */
struct memory_send {
    uint64_t end; /* offset in `out` behind it */
    time_us at;
    bool whole;
};

struct memory_endpoint {
    struct endpoint ep;
    const time_us *now;
    size_t cap;        /* of in and out */
    unsigned char *in; /* what the peer has sent so far; owned */
    size_t in_len, in_read;
    size_t urgent_in;          /* offset of the last urgent byte of the peer; SIZE_MAX: none */
    unsigned char late_urgent; /* 0: none; arrives right behind a look for the mark, at the end */
    bool fin_in, rst_in;
    bool reads_no_more; /* the peer of a UNIX socket: sends to it fail */
    bool read_shut;     /* and was shut for reading itself: its peer cannot send */
    bool error_pending; /* of the RST, not yet taken by a call */
    unsigned char *out; /* what was sent to the peer; owned */
    size_t out_len;
    size_t urgent_out;         /* offset of the last urgent byte that was sent; SIZE_MAX: none */
    size_t window;             /* bytes that the peer takes in all; SIZE_MAX: any number */
    size_t acked;              /* of out; SIZE_MAX: all, at once */
    size_t receive_max;        /* bytes that it keeps unread; 0: any number */
    struct memory_send *sends; /* owned */
    size_t send_count;
    bool fin_out, closed;
    enum endpoint_close how;
    struct packet_filter filters[ENDPOINT_FILTERS_MAX];
    unsigned filter_count;
    int filter_error;        /* errno of attaching filters; 0: it works */
    unsigned probed_after_s; /* 0: nobody asks whether the peer is there */
    unsigned calls;          /* since the test last looked */
};

/* Conduits in memory; each holds MEMORY_CONDUIT_MAX bytes. */
#define MEMORY_CONDUIT_MAX (512u * 1024u)

struct memory_splice_pipes {
    struct splice_pipe_pool pool;
    unsigned taken;   /* and not given back */
    uint64_t spliced; /* bytes that went through them */
};

void memory_splice_pipes_init(struct memory_splice_pipes *splice_pipes);

/* The clock outlives the endpoint. `cap`: the most bytes that go either way. */
void memory_endpoint_init(struct memory_endpoint *end, size_t cap, const time_us *now);
void memory_endpoint_deinit(struct memory_endpoint *end);

/* Forgets everything that has happened; keeps the memory. */
void memory_endpoint_reset(struct memory_endpoint *end);

/* The peer's actions. What is sent to a closed socket is lost. */
void memory_endpoint_feed(struct memory_endpoint *end, const void *bytes, size_t n);
void memory_endpoint_feed_urgent(struct memory_endpoint *end, unsigned char byte);
void memory_endpoint_feed_fin(struct memory_endpoint *end);
void memory_endpoint_feed_rst(struct memory_endpoint *end);
void memory_endpoint_open_window(struct memory_endpoint *end, size_t window);

#endif
