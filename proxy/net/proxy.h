/* SPDX-License-Identifier: MIT */
/*
 * A running proxy: its listener, its plan, its open connections and their numbers.
 *
 * Life: proxy_new, proxy_listen, proxy_adopt for a new plan, proxy_close. The worker frees it when
 * the last connection has ended.
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

/* How often the upstream is probed while `unreachable = refuse` keeps the listener closed. */
#define PROBE_INTERVAL_US (100 * US_PER_MS)

struct proxy {
    struct list link;         /* in its worker's proxies */
    struct hash_link by_name; /* in its worker's names, until it is closed */
    struct worker *worker;
    struct connection_owner owner; /* of its connections */
    struct plan *plan;             /* for new connections; one reference */
    const struct plan *told_plan;  /* the last one of worker->on_plan; NULL: none */
    struct listener listener;
    struct listener_faults listener_faults;
    struct list connections; /* of struct connection */
    uint64_t serial;         /* no other proxy of the run has it, whatever its name is */
    uint64_t last_number;
    uint64_t open_count; /* connections that have not ended */
    bool vacated;        /* see proxy_vacate() */
    bool reopen_failed;  /* reported; it is tried again */
    bool closing;        /* removed: freed when its connections have ended */
    struct poller_task free_task;
    struct timer probe_timer; /* until the upstream is probed again */
    struct connector prober;
    struct socket_endpoint probe;
    bool probing; /* the listener is closed because the upstream does not answer */
};

static inline const char *proxy_name(const struct proxy *proxy)
{
    return proxy->plan->config.name;
}

/* Whether the proxy intercepts now. A silent one takes only what the others leave. */
static inline bool proxy_intercepts(const struct proxy *proxy)
{
    const struct proxy_config *config = &proxy->plan->config;
    return !proxy->closing && config->enabled && !config->silent && proxy_config_intercepts(config);
}

/* Takes the reference to the plan. Returns NULL if out of memory; then the caller keeps the
 * reference. */
struct proxy *proxy_new(struct worker *worker, struct plan *plan);

/* Returns the open connection of this number; NULL: there is none. Several may have it after
 * proxy->last_number was reset: then the newest. */
struct connection *proxy_find_connection(const struct proxy *proxy, uint64_t number);

/* Opens the listener, unless the plan says `enabled = no` or a fault keeps it closed, and emits
 * `listening`. Returns 0, or -1 with err filled. */
MUST_CHECK int proxy_listen(struct proxy *proxy, struct err *err);

/* For a new proxy that is not certain yet. proxy_open() is proxy_listen() without the event. Then
 * either proxy_begin(), which puts the plan in force and emits the event, or proxy_drop(), which
 * frees the proxy without an event. */
MUST_CHECK int proxy_open(struct proxy *proxy, struct err *err);
void proxy_begin(struct proxy *proxy);
void proxy_drop(struct proxy *proxy);

/* Whether the listener has to be opened for this configuration: it is closed, and neither a fault
 * nor an upstream that does not answer keeps it closed. `moves`: to another address. That is bound
 * in any case: an error shows now, and a fault that closes the listener again keeps the port. */
bool proxy_must_open(const struct proxy *proxy, const struct proxy_config *config, bool moves);

/* Uses this plan for new connections. Takes the reference. `opened`: the caller has just opened the
 * listener. */
void proxy_adopt(struct proxy *proxy, struct plan *plan, bool opened);

/* Like proxy_adopt() for a plan that differs only in its faults: the listener stays as it is. Takes
 * the reference. */
void proxy_change_faults(struct proxy *proxy, struct plan *plan);

/* Accepts a client that was intercepted on its way to any address, for the proxy that intercepts
 * that address (interception.h). Takes the descriptor. */
void proxy_accept_intercepted(struct proxy *proxy, int fd, const struct sockaddr_storage *peer);

/* Writes where the proxy listens, in words: its address, or what it intercepts. */
void proxy_format_listen(const struct proxy *proxy, char *buf, size_t size);

/* Frees the address for another proxy, without an event. Then either proxy_stop_listening() or
 * proxy_close(), which emits `not_listening`, or proxy_reoccupy(), which opens the listener
 * again. */
void proxy_vacate(struct proxy *proxy);
void proxy_reoccupy(struct proxy *proxy);

/* Closes the listener. Idempotent. */
void proxy_stop_listening(struct proxy *proxy);

/* Ends every connection with a RST. */
void proxy_stop_connections(struct proxy *proxy, enum cause cause);

/* Closes both sockets of every connection, as the kernel does for a program that exits. */
void proxy_hang_up_connections(struct proxy *proxy, enum cause cause);

/* Removes the proxy. It is freed when its last connection has ended. */
void proxy_close(struct proxy *proxy);

#endif
