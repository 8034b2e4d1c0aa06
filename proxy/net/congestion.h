/* SPDX-License-Identifier: MIT */
/*
 * The congestion control of a proxy's sockets (TCP_CONGESTION in tcp(7)): the system's, but where that is bbr, reno
 * on loopback, unless `congestion = system`.
 *
 * bbr paces: a timer lets go of each segment (tcp_pacing_check in net/ipv4/tcp_output.c). Where nothing is ever
 * congested these timers are all that comes of it, and with them a proxy has half of its throughput. reno is in
 * every kernel and allowed to everybody. On loopback means: the address is 127.0.0.0/8 or ::1.
 *
 * A connection begins to pace when it is established, and then goes on whatever it is told: a socket has to be told
 * before connect(). Accepted sockets have what their listener was told, or else the system's of that moment
 * (tcp_ca_openreq_child in net/ipv4/tcp_minisocks.c). A failure changes only speed, and is not reported.
 */
#ifndef RUDEPROXY_NET_CONGESTION_H
#define RUDEPROXY_NET_CONGESTION_H

#include <stdbool.h>
#include <sys/socket.h>

#include "config/config.h"

#define CONGESTION_NAME_SIZE 16 /* TCP_CA_NAME_MAX in include/net/tcp.h */

/* What the system has (net.ipv4.tcp_congestion_control), as last asked. */
struct system_congestion {
    char name[CONGESTION_NAME_SIZE]; /* "": it never told */
};

/* Asks. Without a descriptor to spare, what it told last stands. */
void congestion_ask(struct system_congestion *system);

/* For a socket that is to be connected to this address, or listens at it. Returns whether it has reno now. */
bool congestion_unpace(const struct system_congestion *system, int fd,
    const struct sockaddr_storage *address, const struct proxy_config *proxy);

/* Takes that back. */
void congestion_restore(const struct system_congestion *system, int fd);

#endif
