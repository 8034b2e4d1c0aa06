/* SPDX-License-Identifier: MIT */
/* Socket options, including those that a proxy's configuration sets. */
#ifndef RUDEPROXY_NET_SOCKET_OPTIONS_H
#define RUDEPROXY_NET_SOCKET_OPTIONS_H

#include <stdint.h>

#include "config/config.h"
#include "proxy/base/err.h"
#include "proxy/base/must_check.h"

/* setsockopt(2) for an int. Returns 0 or negative errno. */
MUST_CHECK int socket_set_int(int fd, int level, int name, uint64_t value);

/* Sets the options that must be set before connect(). Returns 0, -ERANGE if the kernel does not
 * grant `rcvbuf` or `sndbuf`, or negative errno. */
MUST_CHECK int socket_set_early_options(int fd, const struct proxy_config *proxy);

/* Tests on a temporary socket whether the kernel grants `rcvbuf` and `sndbuf` (net.core.rmem_max,
 * wmem_max). Returns 0, or -1 with err filled. */
MUST_CHECK int socket_check_buffers(const struct proxy_config *proxy, struct err *err);

/* Returns a text for a negative result of the calls above. */
const char *socket_options_error(int result);

/* Makes the next close() send a RST: SO_LINGER {1,0} (tcp(7)). */
void socket_linger_zero(int fd);

/* Makes the next close() send a FIN, and a RST when that is acknowledged: TCP_LINGER2 -1. */
void socket_fin_then_reset(int fd);

/* Makes the next close() send nothing, even with unread bytes: TCP_REPAIR (tcp_disconnect in
 * net/ipv4/tcp.c). Needs CAP_NET_ADMIN. */
void socket_vanish(int fd);

/* Makes the kernel ask a silent peer whether it is still there (SO_KEEPALIVE, tcp(7)): first after
 * `after_s` seconds, then at this interval, so many times. */
#define KEEPALIVE_INTERVAL_S 10
#define KEEPALIVE_COUNT 6
void socket_keep_alive(int fd, unsigned after_s);

/* Sets the options of all sockets of a proxy: buffers, TCP_NODELAY, urgent data in line. Accepted
 * TCP sockets inherit all of them from their listener (sk_clone_lock in net/core/sock.c). Returns
 * 0, -ERANGE if the kernel does not grant a buffer size, or negative errno. */
MUST_CHECK int socket_set_options(int fd, int family, const struct proxy_config *proxy);

#endif
