/* SPDX-License-Identifier: MIT */
/*
 * Everything that proxies share: the loop, readiness, deadlines, buffers, counters. There is no
 * other mutable state in the program, so several workers could run side by side.
 *
 * Life: worker_init, proxies come and go (proxy/control/), worker_turn again and again, worker_close,
 * uv_run until libuv has nothing left, worker_deinit.
 */
#ifndef RUDEPROXY_NET_WORKER_H
#define RUDEPROXY_NET_WORKER_H

#include <stddef.h>
#include <uv.h>

#include "config/config.h"
#include "proxy/base/ring.h"
#include "proxy/net/builtin.h"
#include "proxy/net/congestion.h"
#include "proxy/net/pipe_pool.h"
#include "proxy/net/poller.h"
#include "proxy/net/timers.h"
#include "proxy/relay/event.h"
#include "proxy/relay/plan.h"

struct proxy;

struct worker {
    uv_loop_t *loop;
    struct poller poller;
    struct timers timers;
    struct ring_pool ring_pool;
    struct pipe_pool pipe_pool;
    struct fault_counters counters;
    struct system_congestion congestion; /* asked at the start and when a file is loaded */
    struct list
        proxies;       /* of struct proxy, those too that only wait for their connections to end */
    struct hash names; /* of those that are not closing, by name */
    struct list spare; /* of struct connection: free ones, see connection.h */
    size_t spare_count;
    struct builtins builtins;
    time_us started_at;
    bool stopping;      /* no listener opens any more */
    bool wants_details; /* somebody reads the details of `closed` events (session.h) */
    size_t connections; /* open ones, of all proxies */
    void *user;         /* of the two callbacks */
    void (*on_event)(void *user, const struct event *event);
    void (*on_drained)(struct worker *worker); /* the last connection has gone; may be NULL */
};

/* 0 or negative errno; after a failure there is nothing to close. */
int worker_init(struct worker *worker, uv_loop_t *loop,
    void (*on_event)(void *user, const struct event *event), void *user);

/* The proxy of this name, unless it is closing; of two while one replaces the other, the newer. NULL:
 * none. */
struct proxy *worker_find_proxy(const struct worker *worker, const char *name);

/* For proxy.c: it can be found from now on. 0 or -ENOMEM. */
int worker_name_proxy(struct worker *worker, struct proxy *proxy);

/* One turn of everything, libuv's loop included; waits at most so many milliseconds, -1: for as long
 * as it takes. Returns whether anything happened before that. */
bool worker_turn(struct worker *worker, int most_ms);

void worker_stop_listening(struct worker *worker);

/* Ends every connection with a RST. */
void worker_stop_connections(struct worker *worker);

/* Stops everything at once and closes the handles; idempotent. Not from inside an event. */
void worker_close(struct worker *worker);
bool worker_is_closed(const struct worker *worker);
void worker_deinit(struct worker *worker);

void worker_emit(struct worker *worker, const struct event *event);

/* Where a builtin: upstream listens; NULL for any other address. */
const struct address *worker_builtin_address(struct worker *worker, const struct address *upstream);

#endif
