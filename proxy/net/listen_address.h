/* SPDX-License-Identifier: MIT */
/* From an address of a configuration to one that bind(2) takes. */
#ifndef RUDEPROXY_NET_LISTEN_ADDRESS_H
#define RUDEPROXY_NET_LISTEN_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

#include "proxy/base/address.h"
#include "proxy/base/err.h"
#include "proxy/base/must_check.h"

bool listen_address_is_localhost(const struct address *address);

/* The first address of a host name, which is resolved here, blocking; `localhost` is 127.0.0.1. 0, or
 * -1 with err filled. */
MUST_CHECK int listen_address_resolve(
    const struct address *address, struct sockaddr_storage *out, socklen_t *len, struct err *err);

/* Removes the file of a UNIX socket that nobody listens on: it would be in the way of bind(). */
void listen_address_remove_stale(const struct sockaddr_storage *address, socklen_t len);

/* Whether a socket can listen there now, tried on one that is closed at once. 0; or -1 with err filled,
 * and *errnum a positive errno, 0 for a name that does not resolve. */
MUST_CHECK int listen_address_try(const struct address *address, int *errnum, struct err *err);

#endif
