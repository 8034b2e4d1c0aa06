/* SPDX-License-Identifier: MIT */
/*
 * The routes of the command's network: every address is local (ip route add local 0.0.0.0/0 dev
 * lo), so that each connection arrives at a listening socket of that network. The source address
 * is the one that the machine would use.
 */
#ifndef RUDEPROXY_APP_INTERCEPT_ROUTES_H
#define RUDEPROXY_APP_INTERCEPT_ROUTES_H

#include <stdbool.h>

#include "proxy/app/intercept/netns.h"
#include "proxy/base/err.h"
#include "proxy/base/must_check.h"

/* `all_ipv6`: IPv6 is routed even if the machine has no IPv6 route. Otherwise an IPv6 address stays
 * unreachable, as on the machine, and programs fall back to IPv4. Returns 0, or -1 with err filled.
 */
MUST_CHECK int routes_add(struct netns *netns, bool all_ipv6, struct err *err);

#endif
