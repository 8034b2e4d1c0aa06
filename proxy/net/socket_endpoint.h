/* SPDX-License-Identifier: MIT */
/*
 * An endpoint (relay/endpoint.h) on a kernel socket, TCP or UNIX. Only this file knows how a socket
 * is read, written, watched and ended.
 *
 * Life: socket_endpoint_init, then either socket_endpoint_adopt (an accepted socket) or
 * socket_endpoint_create (a socket to connect). Closed by the endpoint's ops->close or by
 * socket_endpoint_drop.
 */
#ifndef RUDEPROXY_NET_SOCKET_ENDPOINT_H
#define RUDEPROXY_NET_SOCKET_ENDPOINT_H

#include <stdbool.h>

#include "config/config.h"
#include "proxy/base/must_check.h"
#include "proxy/net/poller.h"
#include "proxy/net/socket_options.h"
#include "proxy/relay/endpoint.h"

struct connector;

struct socket_endpoint {
    struct endpoint ep;
    struct poller_item item;
    struct poller *poller;
    int fd; /* -1: none */
    bool is_unix;
    bool nodelay_due; /* TCP_NODELAY is set before the next write, except a small first one */
    bool written;
    /* Called after new hints were set. May close the endpoint. */
    void (*on_ready)(struct socket_endpoint *endpoint);
    struct connector *connecting; /* called while the endpoint connects; NULL: connected */
    /* ECONNRESET or EPIPE that was taken from the socket while it connected; reported where a read
     * or SO_ERROR would have. 0: none. */
    int taken_errnum;
};

void socket_endpoint_init(
    struct socket_endpoint *endpoint, void (*on_ready)(struct socket_endpoint *endpoint));

/* Takes an accepted, non-blocking socket and watches it. Returns 0 or negative errno; then the
 * caller keeps the descriptor. */
MUST_CHECK int socket_endpoint_adopt(struct socket_endpoint *endpoint, struct poller *poller,
    int fd, int family, const struct proxy_config *proxy);

/* Creates a socket of this family with the proxy's options, and watches it. Returns 0 or negative
 * errno. */
MUST_CHECK int socket_endpoint_create(struct socket_endpoint *endpoint, struct poller *poller,
    int family, const struct proxy_config *proxy);

/* Closes a socket that never became part of a session. Idempotent. */
void socket_endpoint_drop(struct socket_endpoint *endpoint);

#endif
