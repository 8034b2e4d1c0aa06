/* SPDX-License-Identifier: MIT */
/*
 * A whole connection without a kernel: a session between two sockets in memory, and a host whose
 * clock the test turns. Nothing happens behind the test's back, so that every run of it is the
 * same, and a minute costs nothing.
 *
 *   struct memory_proxy proxy;
 *   memory_proxy_init(&proxy, "[fault f]\ntype = ...");
 *   memory_session_init(&it, cap);
 *   memory_session_open(&it, &proxy, 1);          accepted, dialled, connected, settled
 *   memory_session_feed(&it, SIDE_CLIENT, ...);   and settles: until nothing more happens now
 *   memory_session_advance(&it, 10 * US_PER_MS);  from timer to timer
 *   memory_session_close(&it);                    ends it, checks that it did; may be opened again
 *   memory_session_deinit(&it);
 */
#ifndef RUDEPROXY_TESTS_LIB_MEMORY_SESSION_H
#define RUDEPROXY_TESTS_LIB_MEMORY_SESSION_H

#include "proxy/relay/adoption.h"
#include "proxy/relay/session.h"
#include "tests/lib/memory_endpoint.h"

#define MEMORY_LOG_MAX 16384
#define MEMORY_INJECTED_MAX 256
/* The run starts at this time, so that a time that was never set shows. */
#define MEMORY_START ((time_us)1000 * US_PER_S)

/* A configuration, compiled for its only proxy. */
struct memory_proxy {
    const char *text; /* borrowed: for messages */
    struct config config;
    struct fault_counters book;
    struct plan *plan;
};

/* A fault event, or a fault_over event. */
struct memory_injected {
    enum event_kind kind;
    const struct fault *fault;
    enum direction direction;
    uint64_t offset;
    time_us at;
};

struct memory_session {
    struct session session;
    const struct memory_proxy *proxy;
    struct memory_endpoint end[2]; /* by enum side */
    struct ring_pool pool;
    time_us now, timer_at;
    bool dialled, wake_wanted, refuses; /* refuses: the upstream cannot be reached */
    bool hangs;                         /* the upstream does not answer the dial */
    bool splices; /* bulk data moves through pipes in memory; to be set before it is opened */
    struct memory_splice_pipes splice_pipes;
    bool open;      /* between memory_session_open and _close */
    unsigned ended; /* calls of host->ended: one at most */
    unsigned events;
    unsigned stop_at; /* session_stop is called from inside this event, from 0; UINT_MAX: never */
    char log[MEMORY_LOG_MAX]; /* one line for each event, without times */
    size_t log_len;
    struct memory_injected injected[MEMORY_INJECTED_MAX];
    unsigned injected_count;
    enum cause cause; /* of the closed event */
    struct side_record closed[2];
    struct not_fired not_fired[EVENT_NOT_FIRED_MAX]; /* of the closed event */
    unsigned not_fired_count;
};

/* The text of the faults; a proxy named `a` and the seed 42 stand before it unless it has some.
 * Fails the test when the text has problems. */
void memory_proxy_init(struct memory_proxy *proxy, const char *faults);
void memory_proxy_deinit(struct memory_proxy *proxy);

/* The two halves of it: 0 or the number of problems; 0 or -1, out of memory. Compiled again, it
 * knows nothing of the connections before. */
size_t memory_proxy_read(struct memory_proxy *proxy, const char *faults);
int memory_proxy_compile(struct memory_proxy *proxy);

/* Reads another text as above, for memory_session_adopt. 0 or the number of problems. */
size_t memory_config_read(struct config *config, const char *faults);

/* The session, and the proxy for later ones, take over what it says. 0, or -1: out of memory, and
 * everything is as it was. The configuration stays the caller's. */
int memory_session_adopt(
    struct memory_session *it, struct memory_proxy *proxy, const struct config *config);

/* `cap`: the most bytes that go either way. */
void memory_session_init(struct memory_session *it, size_t cap);
void memory_session_deinit(struct memory_session *it);

/* Starts connection `number` at MEMORY_START; `stop_at`, `refuses`, `hangs` and `splices` keep
 * their values. */
void memory_session_open(struct memory_session *it, struct memory_proxy *proxy, uint64_t number);
/* Stops it if it has not ended, and checks how it went. */
void memory_session_close(struct memory_session *it);

/* Until nothing more happens without time going by, or anybody doing something. */
void memory_session_settle(struct memory_session *it);
/* So much time goes by, from timer to timer. */
void memory_session_advance(struct memory_session *it, time_us by);

/* The peer of `side` does something; then the session settles. */
void memory_session_feed(struct memory_session *it, enum side side, const void *bytes, size_t n);
void memory_session_feed_fin(struct memory_session *it, enum side side);
void memory_session_feed_rst(struct memory_session *it, enum side side);
void memory_session_open_window(struct memory_session *it, enum side side, size_t window);

/* Bytes that came out at `side` are these; says where they differ. */
void memory_session_expect(
    const struct memory_session *it, enum side side, const void *bytes, size_t n);

/* The n-th event of this kind; NULL: there is none. */
const struct memory_injected *memory_session_injected(
    const struct memory_session *it, enum event_kind kind, unsigned n);

#endif
