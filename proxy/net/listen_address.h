/* SPDX-License-Identifier: MIT */
/* Converts a configured address to one for bind(2). */
#ifndef RUDEPROXY_NET_LISTEN_ADDRESS_H
#define RUDEPROXY_NET_LISTEN_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

#include "proxy/base/address.h"
#include "proxy/base/err.h"
#include "proxy/base/must_check.h"
#include "proxy/net/resolver.h"

bool listen_address_is_localhost(const struct address *address);

/* Whether listen_address_resolve() has an answer now, good or bad. If not, the name is being looked
 * up, and the resolver's watchers are called when the answer has come. */
bool listen_address_is_known(const struct address *address, struct resolver *resolver);

/* The first address of a host name; `localhost` is 127.0.0.1. Never waits. 0, or -1 with err
 * filled: the name has no address, or is being looked up. */
MUST_CHECK int listen_address_resolve(const struct address *address, struct resolver *resolver,
    struct sockaddr_storage *out, socklen_t *len, struct err *err);

/* Writes "127.0.0.1:80", or for a name "db:80 (10.0.0.7:80)". */
void listen_address_describe(const struct address *address, const struct sockaddr_storage *bound,
    socklen_t bound_len, char *buf, size_t size);

/* Removes the file of a UNIX socket on which nobody listens: bind() would fail with EADDRINUSE. */
void listen_address_remove_stale(const struct sockaddr_storage *address, socklen_t len);

/* Tests whether a socket can listen there now, with a socket that is closed at once. Returns 0, or
 * -1 with err filled and *errnum a positive errno, 0 for a name that does not resolve. */
MUST_CHECK int listen_address_try(
    const struct address *address, struct resolver *resolver, int *errnum, struct err *err);

#endif
