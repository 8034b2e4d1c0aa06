/* SPDX-License-Identifier: MIT */
/*
 * Connects a socket endpoint to an upstream address. A name is looked up (resolver.h) and its
 * addresses are tried in the resolver's order, each for `connect_timeout`.
 *
 * Life: connector_init (may fail), connector_start once. Then on_done is called exactly once,
 * unless connector_deinit comes first.
 */
#ifndef RUDEPROXY_NET_CONNECTOR_H
#define RUDEPROXY_NET_CONNECTOR_H

#include <sys/socket.h>

#include "proxy/base/must_check.h"
#include "proxy/net/poller.h"
#include "proxy/net/resolver.h"
#include "proxy/net/socket_endpoint.h"
#include "proxy/net/timers.h"

struct connector;
struct plan;
struct worker;

/* Connected: errnum 0 and reason NULL. Failed: the endpoint has no descriptor; errnum is the errno
 * of an address, or 0 if there is only a reason in words; `reason` may come with the errno of this
 * machine, if that is why a name was not resolved. May deinit and free the connector. */
typedef void (*connector_done_fn)(struct connector *connector, int errnum, const char *reason);

struct connector {
    struct worker *worker;
    struct timer timer;        /* of the pending attempt */
    struct poller_task failed; /* delivers a failure that was known at once */
    struct plan *plan;         /* one reference: the proxy may get a later plan meanwhile */
    struct socket_endpoint *endpoint;
    connector_done_fn on_done;
    void *user; /* the owner's */
    /* of the pending attempt; at the end, of the one whose result is reported */
    struct sockaddr_storage address;
    socklen_t address_len; /* 0: none was tried */
    struct resolver_waiter waiter;
    struct resolved *resolved; /* one reference; NULL: no name, or not looked up yet */
    size_t next;               /* index into its addresses: the one to try next */
    unsigned attempts;
    uint16_t port;       /* of the upstream, if that is a name */
    bool waits_for_room; /* connect() returned EAGAIN */
    time_us deadline;    /* retry until then after EAGAIN; 0: not tried yet */
    int errnum;
    const char *reason;
    struct sockaddr_storage failed_address; /* to which errnum belongs */
    socklen_t failed_len;
};

/* Takes its own reference to the plan. 0 or -ENOMEM. */
MUST_CHECK int connector_init(struct connector *connector, struct worker *worker, struct plan *plan,
    connector_done_fn on_done);

/* Starts connecting. Never calls on_done itself. The endpoint is initialised, and gets its
 * descriptor here. `upstream` replaces the proxy's own address unless NULL (builtin services). */
void connector_start(
    struct connector *connector, struct socket_endpoint *endpoint, const struct address *upstream);

/* Cancels what is pending. The owner closes the endpoint. Idempotent. */
void connector_deinit(struct connector *connector);

#endif
