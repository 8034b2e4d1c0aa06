/* SPDX-License-Identifier: MIT */
/* bind() and listen() as one step, and the errors of accept(). */
#ifndef RUDEPROXY_BASE_LISTEN_H
#define RUDEPROXY_BASE_LISTEN_H

#include <stdbool.h>
#include <sys/socket.h>

#include "proxy/base/must_check.h"

/* Binds a TCP or UNIX socket to an address, and listens. The kernel chooses a free port for port 0,
 * and nobody else can get it. Returns 0 or -errno; the socket may be bound then. */
MUST_CHECK int bind_and_listen(
    int fd, const struct sockaddr_storage *address, socklen_t address_len, int backlog);

/* Whether the errno of accept() belongs to a client's connection that failed by itself (accept(2)).
 * Any other errno may come again at once. */
bool accept_error_is_of_client(int errnum);

#endif
