/* SPDX-License-Identifier: MIT */
/*
 * The congestion control of a proxy's sockets (TCP_CONGESTION in tcp(7)). It is the system's
 * algorithm, with one exception: on loopback, bbr is replaced by reno unless `congestion = system`.
 *
 * bbr paces: a timer releases each segment (tcp_pacing_check in net/ipv4/tcp_output.c). On a path
 * without congestion the timers only cost time, and halve the throughput of a proxy. Every kernel
 * has reno, and every user may select it. Loopback means an address in 127.0.0.0/8, or ::1.
 *
 * A connection that was established with pacing keeps pacing, so the algorithm is set before
 * connect(). An accepted socket has the algorithm that was set on its listener, else the system's
 * at that moment (tcp_ca_openreq_child in net/ipv4/tcp_minisocks.c). A failure changes only speed,
 * and is not reported.
 */
#ifndef RUDEPROXY_NET_CONGESTION_H
#define RUDEPROXY_NET_CONGESTION_H

#include <stdbool.h>
#include <sys/socket.h>

#include "config/config.h"

#define CONGESTION_NAME_SIZE 16 /* TCP_CA_NAME_MAX in include/net/tcp.h */

/* The system's default (net.ipv4.tcp_congestion_control) when it was last read. */
struct system_congestion {
    char name[CONGESTION_NAME_SIZE]; /* "": never read */
};

/* Reads the system default from a temporary socket. Keeps the last value if no descriptor is
 * free. */
void congestion_ask(struct system_congestion *system);

/* Selects reno where pacing would only cost time (see above). `address`: where the socket will
 * connect to or listens. Returns whether it selected reno. */
bool congestion_unpace(const struct system_congestion *system, int fd,
    const struct sockaddr_storage *address, const struct proxy_config *proxy);

/* Selects the system default again. */
void congestion_restore(const struct system_congestion *system, int fd);

#endif
