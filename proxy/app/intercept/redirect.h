/* SPDX-License-Identifier: MIT */
/*
 * Steers the connections of the command to our listening sockets, by the packet filter of its
 * network (nf_tables). If no socket of the command waits for a SYN, the filter gives it to the
 * socket that a rule names (tproxy in nft(8)). It translates nothing: both ends keep their
 * addresses.
 */
#ifndef RUDEPROXY_APP_INTERCEPT_REDIRECT_H
#define RUDEPROXY_APP_INTERCEPT_REDIRECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proxy/app/intercept/local_ports.h"
#include "proxy/app/intercept/netns.h"
#include "proxy/base/must_check.h"
#include "proxy/fault/cidr.h"

/* Connections to these ports; the first rule that fits decides. */
struct redirect_rule {
    uint16_t first_port, last_port; /* inclusive */
    bool served_only;               /* only those of these ports that are in `served` */
    bool has_network;               /* false: to any address */
    struct cidr network;
    uint16_t to; /* the port of our listener; 0: they are refused */
};

/* The packet filter of one network: all zeros, redirect_set, redirect_close. */
struct redirect {
    bool is_open;
    int fd; /* of NETLINK_NETFILTER, in that network */
    bool has_rules;
};

/* Replaces the rules in force, all at once. `served`: the ports for rules with served_only. They
 * are one set, so a SYN costs one lookup however many there are. Returns 0 or -errno. Most kernels
 * that cannot redirect report EOPNOTSUPP, ENOENT or EPROTONOSUPPORT. */
MUST_CHECK int redirect_set(struct redirect *redirect, struct netns *netns,
    const struct redirect_rule *rules, size_t count, const struct local_ports *served);

void redirect_close(struct redirect *redirect); /* idempotent */

#endif
