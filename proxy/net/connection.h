/* SPDX-License-Identifier: MIT */
/*
 * One accepted client: the session, its two sockets and its timer. It is the session's host. What only
 * dialling needs is given back when that is over, because most connections idle most of the time and
 * there may be many.
 *
 * Life: connection_open, connection_start; it ends itself, leaves its owner's list and frees itself in
 * a later turn of the loop. session_stop ends it early.
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

struct connection;
struct connection_owner;
struct worker;

/* What a connection tells its owner. */
struct connection_calls {
    /* The upstream was dialled: errnum 0 and `connected`, or why not (errnum 0: no errno says why). May
     * end the session. */
    void (*on_dialled)(struct connection_owner *owner, bool connected, int errnum);
    /* The session's `closed` event, before it is emitted. */
    void (*on_closed)(struct connection_owner *owner, const struct event *closed);
    /* The connection has left the owner's list and is freed. May free the owner. */
    void (*on_gone)(struct connection_owner *owner);
};

/* Embedded in what accepts connections (proxy.c). Outlives them. */
struct connection_owner {
    const struct connection_calls *calls;
    struct worker *worker;
};

struct connection {
    struct list link; /* in its owner's list; first, see `spare` in worker.h */
    struct connection_owner *owner;
    struct session session;
    struct socket_endpoint endpoint[2]; /* by enum side */
    struct connector *connector;        /* owned; NULL when nothing is being dialled any more */
    struct timer timer;
    struct poller_task wake; /* goes on with a session that used up its budget */
    struct poller_task free_task;
    char *address[2];            /* of the peers, by enum side; owned; NULL: not known yet */
    struct sockaddr_in6 client;  /* as accepted; of a UNIX socket only the family */
    struct sockaddr_in6 dialled; /* by a client that was intercepted; else all zeros */
};

/* How many free connections a worker keeps for the next clients. */
#define CONNECTIONS_SPARE_MAX 256

/* The client's address, for faults that look at it. */
void connection_client(const struct connection *connection, struct sockaddr_storage *client);

/* A socket that was accepted. */
struct accepted {
    int fd;
    const struct sockaddr_storage *peer;
    socklen_t peer_len;
    const struct sockaddr_storage *dialled; /* by a client that was intercepted; else NULL */
};

/* Takes the descriptor. 0 and `*out`, or -errno: then the client got a RST, the only honest answer
 * left. The plan decides until connection_start(). */
int connection_open(struct connection_owner *owner, struct plan *plan,
    const struct accepted *accepted, struct connection **out);

/* Runs the session. The owner has put the connection into its list. `concurrent`: how many of its
 * connections are open, this one included. */
void connection_start(struct connection *connection, uint64_t number, uint64_t concurrent,
    struct plan *plan, const struct sockaddr_storage *peer);

#endif
