/* SPDX-License-Identifier: MIT */
/*
 * The fallback for a kernel whose packet filter cannot redirect: one listening socket, at every
 * address, for each port that is intercepted or passed. The command cannot listen on such a port.
 *
 * The proxy that owns the port takes each accepted connection. The socket copies the state of that
 * proxy's listener: closed, paused, or dropping SYNs.
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

/* Opens a socket for the port and makes `owner` its owner. Does nothing if the port has a socket.
 * Returns 0, or -1 with err filled. */
MUST_CHECK int port_listeners_add(
    struct port_listeners *listeners, uint16_t port, struct proxy *owner, struct err *err);

/* Brings each socket into the state of its owner's listener. Closes and forgets a socket whose
 * owner is gone or no longer intercepts the port. */
void port_listeners_follow(struct port_listeners *listeners);

#endif
