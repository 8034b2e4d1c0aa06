/* SPDX-License-Identifier: MIT */
/*
 * A running proxy: its listener, its plan, its open connections and their numbers.
 *
 * Life: proxy_new, proxy_listen, proxy_adopt for a new plan, proxy_close; freed by its worker when
 * the last connection is gone.
 */
#ifndef RUDEPROXY_NET_PROXY_H
#define RUDEPROXY_NET_PROXY_H

#include <stdbool.h>
#include <stdint.h>

#include "proxy/base/must_check.h"
#include "proxy/net/connection.h"
#include "proxy/net/connector.h"
#include "proxy/net/listener.h"
#include "proxy/net/listener_faults.h"
#include "proxy/relay/plan.h"
#include "proxy/relay/session.h"

/* How often an upstream is asked whether it answers again, while unreachable = refuse keeps the
 * listener closed. */
#define PROBE_INTERVAL_US (100 * US_PER_MS)

struct proxy_totals {
    uint64_t connections;
    uint64_t connect_failed;
    uint64_t accept_failed;       /* failures of accept(), each told once for a pause */
    uint64_t received[2];         /* bytes, by enum direction */
    uint64_t bytes[2];            /* handed on, by enum direction */
    uint64_t ended[CAUSE_COUNT];  /* connections by first cause */
    uint64_t marks[2][END_COUNT]; /* by enum side: connections with that mark */
};

struct proxy {
    struct list link;         /* in its worker's proxies */
    struct hash_link by_name; /* in its worker's names, until it is closed */
    struct worker *worker;
    struct connection_owner owner; /* of its connections */
    struct plan *plan;             /* what new connections get; one reference */
    struct listener listener;
    struct listener_faults listener_faults;
    struct list connections; /* of struct connection */
    uint64_t last_number;
    uint64_t open_count; /* of the connections */
    struct proxy_totals totals;
    bool closing; /* removed: goes when its connections are gone */
    struct poller_task free_task;
    struct timer probe_timer; /* until the upstream is asked again */
    struct connector prober;
    struct socket_endpoint probe;
    bool probing; /* the listener is closed because the upstream does not answer */
};

static inline const char *proxy_name(const struct proxy *proxy)
{
    return proxy->plan->config.name;
}

/* Takes over the reference to the plan. NULL: out of memory, the reference stays the caller's. */
struct proxy *proxy_new(struct worker *worker, struct plan *plan);

/* Opens the listener unless the plan says `enabled = no` or a fault keeps it closed; emits `listening`.
 * 0, or -1 with err. */
MUST_CHECK int proxy_listen(struct proxy *proxy, struct err *err);

/* New connections get this plan from now on; takes over the reference. `opened`: the caller has
 * just opened the listener. */
void proxy_adopt(struct proxy *proxy, struct plan *plan, bool opened);

/* The same proxy with other faults: what it listens on is not touched. Takes over the reference. */
void proxy_change_faults(struct proxy *proxy, struct plan *plan);

/* A client that was accepted on its way to any address: the proxy that intercepts it takes it
 * (interception.h). Takes the descriptor. */
void proxy_accept_intercepted(struct proxy *proxy, int fd, const struct sockaddr_storage *peer);

/* Where it listens, for people: its address, or what it intercepts. */
void proxy_format_listen(const struct proxy *proxy, char *buf, size_t size);

/* No new connections. Idempotent. */
void proxy_stop_listening(struct proxy *proxy);

/* Ends every connection with a RST. */
void proxy_stop_connections(struct proxy *proxy, enum cause cause);

/* Closes both sockets of every connection, as a program does that simply ends. */
void proxy_hang_up_connections(struct proxy *proxy, enum cause cause);

/* Removes the proxy: it frees itself when its last connection is gone. */
void proxy_close(struct proxy *proxy);

#endif
