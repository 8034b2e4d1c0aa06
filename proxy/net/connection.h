/* SPDX-License-Identifier: MIT */
/*
 * One accepted client: the session, its two sockets and its timer. It is the session's host. What only
 * dialling needs is given back when that is over, because most connections idle most of the time and
 * there may be many.
 *
 * Life: connection_open; it ends itself, leaves its proxy's list and frees itself in a later turn
 * of the loop. session_stop hurries it.
 */
#ifndef RUDEPROXY_NET_CONNECTION_H
#define RUDEPROXY_NET_CONNECTION_H

#include <netinet/in.h>

#include "proxy/base/list.h"
#include "proxy/net/connector.h"
#include "proxy/net/poller.h"
#include "proxy/net/socket_endpoint.h"
#include "proxy/net/timers.h"
#include "proxy/relay/session.h"

struct proxy;
struct worker;

struct connection {
    struct list link; /* in its proxy's connections */
    struct proxy *proxy;
    struct session session;
    struct socket_endpoint endpoint[2]; /* by enum side */
    struct connector *connector;        /* owned; NULL when nothing is being dialled any more */
    struct timer timer;
    struct poller_task wake; /* goes on with a session that used up its budget */
    struct poller_task free_task;
    char *address[2];           /* of the peers, by enum side; owned; NULL: not known yet */
    struct sockaddr_in6 client; /* as accepted; of a UNIX socket only the family */
};

/* Connections that are kept for the next client, of one worker. */
#define CONNECTIONS_SPARE_MAX 256

/* Frees those that are kept. */
void connection_free_spare(struct worker *worker);

/* The client's address, for faults that look at it. */
void connection_client(const struct connection *connection, struct sockaddr_storage *client);

/* Takes the descriptor. When there is no memory for it the client gets a RST, the only honest
 * answer left. */
void connection_open(
    struct proxy *proxy, int fd, const struct sockaddr_storage *peer, socklen_t peer_len);

#endif
