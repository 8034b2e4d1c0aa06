/* SPDX-License-Identifier: MIT */
/*
 * Connections of a command that rudeproxy intercepts: what a worker has to know about the network
 * namespace of that command. The owner (proxy/app/intercept) made the namespace, and directs its
 * connections to the sockets that are opened here.
 *
 * The listening socket of an intercepting proxy belongs to the command's network. It is transparent
 * (IP_TRANSPARENT in ip(7)): it accepts connections to every address, and getsockname() of an
 * accepted socket returns the address that the command dialled. The upstream is dialled from
 * rudeproxy's own network.
 */
#ifndef RUDEPROXY_NET_INTERCEPTION_H
#define RUDEPROXY_NET_INTERCEPTION_H

#include <stdint.h>
#include <sys/socket.h>

#include "config/config.h"
#include "proxy/base/err.h"
#include "proxy/base/must_check.h"
#include "proxy/fault/destination.h"
#include "proxy/net/congestion.h"
#include "proxy/net/name_cache.h"

struct proxy;
struct worker;

struct interception {
    /* Creates a socket in the command's network, like socket(2). Returns the descriptor or
     * -errno. */
    int (*make_socket)(struct interception *interception, int family, int type, int protocol);
    uint16_t next_port; /* of the next listening socket; 0 at first */
    struct name_cache names;
    struct proxy *passing; /* silent; takes the connections that no proxy intercepts */
    /* Their connections go to `passing`, whichever silent proxy accepted them. Unset: none do. */
    struct destination_list name_servers;
};

/* Opens the listening socket of an intercepting proxy in the command's network, at a free port
 * above the ephemeral ones. Sets *address. `interception` and `congestion` may be NULL. Returns the
 * descriptor, or -errno with err filled. */
MUST_CHECK int interception_listen(struct interception *interception,
    const struct system_congestion *congestion, const struct proxy_config *proxy,
    struct sockaddr_storage *address, socklen_t *address_len, struct err *err);

/* Returns the proxy for a connection that `listening` accepted: the first that intercepts the
 * address the client dialled, else `passing`. A silent proxy keeps its own, except for those to
 * `name_servers`. */
struct proxy *interception_choose(struct proxy *listening, const struct sockaddr_storage *dialled);

/* Returns the dialled address for faults that select by it. `address` NULL: the client was not
 * intercepted. */
struct dialled interception_dialled(
    const struct worker *worker, const struct sockaddr_storage *address);

#endif
