/* SPDX-License-Identifier: MIT */
/*
 * Everything that proxies share: the loop, readiness, deadlines, buffers, counters. The program has
 * no other mutable state, so several workers could run side by side.
 *
 * Life: worker_init, add and remove proxies (proxy/control/), worker_turn again and again,
 * proxies_close, worker_close, uv_run until libuv has no handle left, worker_deinit.
 */
#ifndef RUDEPROXY_NET_WORKER_H
#define RUDEPROXY_NET_WORKER_H

#include <stddef.h>
#include <uv.h>

#include "config/config.h"
#include "proxy/base/must_check.h"
#include "proxy/base/ring.h"
#include "proxy/net/builtin.h"
#include "proxy/net/congestion.h"
#include "proxy/net/interception.h"
#include "proxy/net/pipe_pool.h"
#include "proxy/net/poller.h"
#include "proxy/net/resolver.h"
#include "proxy/net/timers.h"
#include "proxy/relay/event.h"
#include "proxy/relay/plan.h"

struct worker {
    uv_loop_t *loop;
    struct poller poller;
    struct timers timers;
    struct resolver resolver;
    struct ring_pool ring_pool;
    struct pipe_pool pipe_pool;
    struct fault_counters counters;
    struct system_congestion congestion; /* read at the start and when a file is loaded */
    struct list proxies;                 /* see proxies.h */
    struct hash names;                   /* of the proxies that are not closing, by name */
    /* Free memory for connections (connection.c); each block begins with its link. */
    struct list spare;
    struct interception *interception; /* the owner's; NULL: nothing is intercepted */
    size_t spare_count;
    struct builtins builtins;
    time_us started_at;
    bool stopping;        /* no listener opens any more */
    bool wants_details;   /* `closed` events need their details (session.h) */
    size_t connections;   /* that are not freed yet, of all proxies */
    uint64_t last_serial; /* of the connections of all proxies so far */
    uint64_t last_proxy_serial;
    void *user; /* for on_event and on_plan */
    void (*on_event)(void *user, const struct event *event);
    /* A proxy, not a silent one, has the plan `now` instead of `before`. `before` NULL: it is new;
     * `now` NULL: it is removed. May be NULL. */
    void (*on_plan)(void *user, const struct plan *before, const struct plan *now);
    void (*on_drained)(struct worker *worker); /* the last connection has ended; may be NULL */
};

/* Returns 0 or negative errno; after a failure there is nothing to close. */
MUST_CHECK int worker_init(struct worker *worker, uv_loop_t *loop,
    void (*on_event)(void *user, const struct event *event), void *user);

/* Runs one turn of everything, libuv's loop included. Waits at most `most_ms` milliseconds, -1: no
 * limit. Returns whether anything happened before the time-out. */
bool worker_turn(struct worker *worker, int most_ms);

/* Closes the resolver, the poller, the timers and the builtin servers. Close the proxies first
 * (proxies_close). Idempotent. Not from inside an event. */
void worker_close(struct worker *worker);
bool worker_is_closed(const struct worker *worker);
void worker_deinit(struct worker *worker);

void worker_emit(struct worker *worker, const struct event *event);

/* Returns where a `builtin:` upstream listens; NULL for any other address. */
const struct address *worker_builtin_address(struct worker *worker, const struct address *upstream);

#endif
