/* SPDX-License-Identifier: MIT */
/*
 * A network of our own: a network namespace with nothing but a loopback device, in which this
 * process has CAP_NET_ADMIN. Whatever it starts lives there too.
 */
#ifndef RUDEPROXY_APP_EXEC_PRIVATE_NETWORK_H
#define RUDEPROXY_APP_EXEC_PRIVATE_NETWORK_H

#include "proxy/base/err.h"
#include "proxy/base/must_check.h"

/* Before the first thread and the first socket. 0, or -1 with err filled: what forbids it and what
 * to do, behind the name of the option that asked for it. */
MUST_CHECK int private_network_enter(const char *option, struct err *err);

#endif
