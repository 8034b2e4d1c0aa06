/* SPDX-License-Identifier: MIT */
/*
 * The congestion control of a proxy's sockets (TCP_CONGESTION in tcp(7)): the kernel's default, but where that
 * is bbr, reno on loopback.
 *
 * bbr paces: a timer lets go of each segment (tcp_pacing_check in net/ipv4/tcp_output.c). Where nothing is ever
 * congested these timers are all that it does, and with them a proxy has half of its throughput. reno is in every
 * kernel and allowed to everybody.
 *
 * It is to be chosen before connect() or listen(), because a socket that began to pace goes on; what is accepted
 * inherits it. A failure changes only speed, and is not reported.
 */
#ifndef RUDEPROXY_NET_CONGESTION_H
#define RUDEPROXY_NET_CONGESTION_H

#include <stdbool.h>
#include <sys/socket.h>

#include "config/config.h"

/* Whether the kernel's default is one that paces. */
bool congestion_is_paced(void);

/* For a socket to be connected to this address, where the default paces. */
void congestion_set_dialled(
    int fd, const struct sockaddr_storage *address, const struct proxy_config *proxy);

/* For a socket to listen at this address, or one that listens already and gets another configuration. */
void congestion_set_listening(
    int fd, const struct sockaddr_storage *address, const struct proxy_config *proxy);

#endif
