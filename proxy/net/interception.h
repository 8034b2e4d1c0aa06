/* SPDX-License-Identifier: MIT */
/*
 * Connections that a command makes and we take: what a worker has to know of the network namespace in
 * which the command lives. The owner (proxy/app/intercept) made that namespace and steers its
 * connections to the sockets that are opened here.
 *
 * The listening socket of a proxy that intercepts belongs to the command's network. It is transparent
 * (IP_TRANSPARENT in ip(7)): it accepts connections to every address, and getsockname() of an accepted
 * socket is what the command dialled. The upstream is dialled from our own network.
 */
#ifndef RUDEPROXY_NET_INTERCEPTION_H
#define RUDEPROXY_NET_INTERCEPTION_H

#include <sys/socket.h>

#include "config/config.h"
#include "proxy/base/err.h"
#include "proxy/base/must_check.h"
#include "proxy/fault/destination.h"
#include "proxy/net/congestion.h"
#include "proxy/net/host_names.h"

struct proxy;
struct worker;

struct interception {
    /* A socket in the command's network: socket(2). The descriptor, or -errno. */
    int (*make_socket)(struct interception *interception, int family, int type, int protocol);
    struct host_names names;
    struct proxy *pass; /* silent: takes what no proxy intercepts */
};

/* The listening socket of a proxy that intercepts: in the command's network, at a port that the kernel
 * chose; its address goes to `address`. `interception` and `congestion` may be NULL. The descriptor, or
 * -errno with err filled. */
MUST_CHECK int interception_listen(struct interception *interception,
    const struct system_congestion *congestion, const struct proxy_config *proxy,
    struct sockaddr_storage *address, socklen_t *address_len, struct err *err);

/* Which proxy takes a connection that `listening` accepted: the first that intercepts what the client
 * dialled, else the one that passes it. */
struct proxy *interception_choose(struct proxy *listening, const struct sockaddr_storage *dialled);

/* The address for a fault that looks at it; NULL: the client was not intercepted. */
struct dialled interception_dialled(
    const struct worker *worker, const struct sockaddr_storage *address);

#endif
