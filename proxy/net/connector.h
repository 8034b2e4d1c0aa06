/* SPDX-License-Identifier: MIT */
/*
 * Connects a socket endpoint to an upstream address: looks a name up (resolver.h), tries every
 * address in the resolver's order, gives each `connect_timeout`.
 *
 * Life: connector_init (may fail), connector_start once, then exactly one call of on_done, unless
 * connector_deinit comes first.
 */
#ifndef RUDEPROXY_NET_CONNECTOR_H
#define RUDEPROXY_NET_CONNECTOR_H

#include <sys/socket.h>

#include "config/config.h"
#include "proxy/base/must_check.h"
#include "proxy/net/poller.h"
#include "proxy/net/resolver.h"
#include "proxy/net/socket_endpoint.h"
#include "proxy/net/timers.h"

struct connector;
struct worker;

/* Connected: errnum 0 and reason NULL. Failed: the endpoint has no descriptor; errnum is the errno
 * of the last address tried, or 0 with only a reason for people. May deinit the connector and free it. */
typedef void (*connector_done_fn)(struct connector *connector, int errnum, const char *reason);

struct connector {
    struct worker *worker;
    struct timer timer;        /* of the attempt under way */
    struct poller_task failed; /* delivers a failure that was known at once */
    struct proxy_config proxy; /* a copy: plans come and go while it is under way */
    struct socket_endpoint *endpoint;
    connector_done_fn on_done;
    void *user;                      /* of its owner */
    struct sockaddr_storage address; /* of the attempt under way, or the one that answered */
    socklen_t address_len;
    struct resolver_waiter waiter;
    struct resolved *resolved; /* one reference; NULL: no name, or not looked up yet */
    size_t next;               /* of its addresses, to be tried */
    unsigned attempts;
    uint16_t port;       /* of the upstream, where it is a name */
    bool waits_for_room; /* connect() said EAGAIN */
    time_us deadline;    /* until which it is tried again; 0: not tried yet */
    int errnum;
    const char *reason;
};

/* 0 or -ENOMEM. */
MUST_CHECK int connector_init(struct connector *connector, struct worker *worker,
    const struct proxy_config *proxy, connector_done_fn on_done);

/* Never calls on_done from inside. The endpoint is initialised, and gets its descriptor here.
 * `upstream` overrides the proxy's own address when it is not NULL (builtin services). */
void connector_start(
    struct connector *connector, struct socket_endpoint *endpoint, const struct address *upstream);

/* Gives up what is under way; the endpoint stays its owner's to close. Idempotent. */
void connector_deinit(struct connector *connector);

#endif
