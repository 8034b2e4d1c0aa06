/* SPDX-License-Identifier: MIT */
/*
 * Where the packet filter of the command's network cannot redirect: a listening socket for each
 * port that is intercepted or passed, at every address. The command cannot listen at such a port
 * itself.
 *
 * The proxy that owns the port takes each accepted connection. The sockets follow its listener:
 * they are closed or paused, or drop SYNs, when it does.
 */
#ifndef RUDEPROXY_APP_INTERCEPT_PORT_LISTENERS_H
#define RUDEPROXY_APP_INTERCEPT_PORT_LISTENERS_H

#include <stddef.h>
#include <stdint.h>

#include "proxy/app/intercept/netns.h"
#include "proxy/base/list.h"
#include "proxy/base/must_check.h"
#include "proxy/net/proxy.h"

#define PORT_LISTENERS_MAX 1024 /* a descriptor each */

struct port_listeners {
    struct list open; /* of struct port_listener */
    size_t count;
    struct worker *worker;
    struct netns *netns;
};

void port_listeners_init(
    struct port_listeners *listeners, struct worker *worker, struct netns *netns);
void port_listeners_close(struct port_listeners *listeners);

/* Makes `owner` the owner of the port, unless it has one. 0, or -1 with err filled. */
MUST_CHECK int port_listeners_add(
    struct port_listeners *listeners, uint16_t port, struct proxy *owner, struct err *err);

/* Brings all of them into the state of their owners' listeners; those of closed proxies go. */
void port_listeners_follow(struct port_listeners *listeners);

#endif
