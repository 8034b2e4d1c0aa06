/* SPDX-License-Identifier: MIT */
/*
 * A network of our own: a network namespace with nothing but a loopback device, in which this
 * process has CAP_NET_ADMIN. The processes that it starts are in that network, too.
 */
#ifndef RUDEPROXY_APP_EXEC_PRIVATE_NETWORK_H
#define RUDEPROXY_APP_EXEC_PRIVATE_NETWORK_H

#include "proxy/base/err.h"
#include "proxy/base/must_check.h"

/* Moves this process into a new network. Call it before the first thread and the first socket.
 * Returns 0, or -1: err begins with `option`, and says what forbids the network and what to do. */
MUST_CHECK int private_network_enter(const char *option, struct err *err);

#endif
