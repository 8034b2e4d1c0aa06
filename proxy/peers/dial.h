/* SPDX-License-Identifier: MIT */
/*
 * connect() whose outcome is the handshake's alone.
 */
#ifndef RUDEPROXY_PEERS_DIAL_H
#define RUDEPROXY_PEERS_DIAL_H

#include <sys/socket.h>

#include "proxy/base/must_check.h"

/* Connects a blocking socket, which is non-blocking afterwards. 0, or a negative errno; -EINPROGRESS: no
 * answer for so long. A RST right behind the handshake is left for the next call to find. */
MUST_CHECK int peer_dial(int fd, const struct sockaddr *to, socklen_t length, int deadline_ms);

#endif
