/* SPDX-License-Identifier: MIT */
/*
 * Loses segments that arrive at one TCP socket, without tc or netfilter: a classic BPF program
 * attached to the socket (SO_ATTACH_FILTER, socket(7)) is asked for each segment before TCP sees
 * it, and what it refuses was never there (tcp_filter in net/ipv4/tcp_ipv4.c). Needs CAP_NET_ADMIN.
 */
#ifndef RUDEPROXY_NET_PACKET_FILTER_H
#define RUDEPROXY_NET_PACKET_FILTER_H

#include "proxy/base/must_check.h"
#include "proxy/fault/fault.h"

/* A segment is lost when any of the filters says so. `count` 0 detaches the filter. Returns 0 or
 * negative errno; -EOPNOTSUPP: a UNIX socket, which has no segments. */
MUST_CHECK int packet_filter_attach(int fd, const struct packet_filter *filters, unsigned count);

#endif
