/* SPDX-License-Identifier: MIT */
/* Options of sockets, those of a proxy's configuration among them. */
#ifndef RUDEPROXY_NET_SOCKET_OPTIONS_H
#define RUDEPROXY_NET_SOCKET_OPTIONS_H

#include <stdint.h>

#include "config/config.h"
#include "proxy/base/err.h"
#include "proxy/base/must_check.h"

/* 0 or negative errno. */
MUST_CHECK int socket_set_int(int fd, int level, int name, uint64_t value);

/* Of a socket that will be connected: what has to be set before. 0; -ERANGE: the kernel does not grant
 * `rcvbuf` or `sndbuf`; or negative errno. */
MUST_CHECK int socket_set_early_options(int fd, const struct proxy_config *proxy);

/* Whether the kernel grants `rcvbuf` and `sndbuf` (net.core.rmem_max, wmem_max), tried on a socket that
 * is thrown away. 0, or -1 with err filled. */
MUST_CHECK int socket_check_buffers(const struct proxy_config *proxy, struct err *err);

/* A text for a failure of the calls above. */
const char *socket_options_error(int result);

/* The close() to come shall send a RST: SO_LINGER {1,0} (tcp(7)). */
void socket_linger_zero(int fd);

/* Sets what a proxy's sockets have in common: buffers, TCP_NODELAY, urgent data in line. Accepted
 * TCP sockets inherit all of it from their listener (sk_clone_lock in net/core/sock.c). 0, -ERANGE when
 * the kernel grants less buffer than was asked for, or negative errno. */
MUST_CHECK int socket_set_options(int fd, int family, const struct proxy_config *proxy);

#endif
