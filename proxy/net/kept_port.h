/* SPDX-License-Identifier: MIT */
/* TCP sockets that are bound but do not listen: they keep the port of a listener that refuses. */
#ifndef RUDEPROXY_NET_KEPT_PORT_H
#define RUDEPROXY_NET_KEPT_PORT_H

#include <sys/socket.h>

#include "proxy/base/must_check.h"

/* Makes a socket of [::] serve both families, whatever net.ipv6.bindv6only says. Before bind(). */
void kept_port_take_both_families(int fd, const struct sockaddr_storage *address);

/* Binds a new socket to the port right after close() of the one that listened: SO_REUSEADDR lets
 * two sockets share a port only while neither listens. In between, another program that asks for
 * any free port could get this one. Returns the descriptor, or -1. */
MUST_CHECK int kept_port_bind(const struct sockaddr_storage *address, socklen_t address_len);

/* Ends listening: the kernel resets the connections that wait, and refuses new ones. The socket
 * stays bound to the port that bind() was given. A port that the kernel chose is not locked and
 * would be lost (SOCK_BINDPORT_LOCK in net/ipv4/af_inet.c). Returns 0 or -errno. */
MUST_CHECK int kept_port_stop_listening(int fd);

#endif
