/* SPDX-License-Identifier: MIT */
/*
 * One accepted client: the session, its two sockets, the connector and the timer, in one piece of
 * memory. It is the session's host.
 *
 * Life: connection_open; it ends itself, leaves its proxy's list and frees itself in a later turn
 * of the loop. session_stop hurries it.
 */
#ifndef RUDEPROXY_NET_CONNECTION_H
#define RUDEPROXY_NET_CONNECTION_H

#include "proxy/base/list.h"
#include "proxy/net/connector.h"
#include "proxy/net/poller.h"
#include "proxy/net/socket_endpoint.h"
#include "proxy/net/timers.h"
#include "proxy/relay/session.h"

struct proxy;

struct connection {
    struct list link; /* in its proxy's connections */
    struct proxy *proxy;
    struct session session;
    struct socket_endpoint endpoint[2]; /* by enum side */
    struct connector connector;
    struct timer timer;
    struct poller_task wake; /* goes on with a session that used up its budget */
    struct poller_task free_task;
    char address[2][ADDRESS_TEXT_MAX]; /* of the peers, by enum side */
};

/* Takes the descriptor. When there is no memory for it the client gets a RST, the only honest
 * answer left. */
void connection_open(
    struct proxy *proxy, int fd, const struct sockaddr_storage *peer, socklen_t peer_len);

#endif
