/* SPDX-License-Identifier: MIT */
/*
 * One accepted client: its session, two sockets and a timer. It is the session's host. Memory that
 * only dialling needs is freed when dialling is over, because most connections are idle most of the
 * time and there may be many.
 *
 * Life: connection_open, connection_start. A connection ends itself, leaves its owner's list and
 * frees itself in a later turn of the loop. session_stop ends it early.
 */
#ifndef RUDEPROXY_NET_CONNECTION_H
#define RUDEPROXY_NET_CONNECTION_H

#include <netinet/in.h>

#include "proxy/base/list.h"
#include "proxy/base/must_check.h"
#include "proxy/net/connector.h"
#include "proxy/net/poller.h"
#include "proxy/net/socket_endpoint.h"
#include "proxy/net/timers.h"
#include "proxy/relay/session.h"

struct connection;
struct connection_owner;
struct worker;

/* Calls from a connection to its owner. */
struct connection_calls {
    /* Dialling has ended. `upstream` is the proxy's when the client was accepted. `connected` with
     * errnum 0, or not connected with the errno, 0 if no errno fits. May end the session. */
    void (*on_dialled)(
        struct connection_owner *owner, const struct address *upstream, bool connected, int errnum);
    /* The connection has ended. It is still in the owner's list. */
    void (*on_ended)(struct connection_owner *owner);
    /* In a later turn: it has left the owner's list and is freed. May free the owner. */
    void (*on_gone)(struct connection_owner *owner);
};

/* Embedded in the struct that accepts connections (proxy.c). Outlives its connections. */
struct connection_owner {
    const struct connection_calls *calls;
    struct worker *worker;
};

struct connection {
    struct list link; /* in its owner's list; the first member, see `spare` in worker.h */
    struct connection_owner *owner;
    struct session session;
    struct socket_endpoint endpoint[2]; /* by enum side */
    struct connector *connector;        /* owned; NULL: dialling is over */
    struct timer timer;
    struct poller_task task; /* resumes a session that used up its budget; frees an ended one */
    char *address[2];        /* of the peers, by enum side; owned; NULL: not known yet */
    struct sockaddr_in6 *dialled; /* by an intercepted client; owned; NULL: not intercepted */
    struct sockaddr_in6 client;   /* as accepted; for a UNIX socket only the family is set */
};

/* How many free connections a worker keeps for the next clients. */
#define CONNECTIONS_SPARE_MAX 256

/* Sets *client to the client's address, for faults that select by it. */
void connection_client(const struct connection *connection, struct sockaddr_storage *client);

/* A socket returned by accept(2). */
struct accepted {
    int fd;
    const struct sockaddr_storage *peer;
    socklen_t peer_len;
    /* the address an intercepted client dialled; else NULL */
    const struct sockaddr_storage *dialled;
};

/* Takes ownership of the descriptor. Returns 0 with *out set, or -errno: then the client was reset,
 * the only honest answer left. `plan` is used until connection_start(). */
MUST_CHECK int connection_open(struct connection_owner *owner, struct plan *plan,
    const struct accepted *accepted, struct connection **out);

/* Runs the session. The owner has put the connection into its list. `concurrent`: the owner's
 * connections that have not ended, this one included. */
void connection_start(struct connection *connection, uint64_t number, uint64_t concurrent,
    struct plan *plan, const struct sockaddr_storage *peer);

#endif
