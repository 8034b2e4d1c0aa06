/* SPDX-License-Identifier: MIT */
/* connect() that reports only the outcome of the handshake. */
#ifndef RUDEPROXY_PEERS_DIAL_H
#define RUDEPROXY_PEERS_DIAL_H

#include <sys/socket.h>

#include "proxy/base/must_check.h"

/* Connects a blocking socket, which is non-blocking afterwards. Returns 0 or a negative errno;
 * -EINPROGRESS: no answer within the time. A RST right after the handshake is left for the next
 * call. */
MUST_CHECK int peer_dial(int fd, const struct sockaddr *to, socklen_t length, int deadline_ms);

#endif
