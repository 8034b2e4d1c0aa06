/* SPDX-License-Identifier: MIT */
/*
 * CAP_NET_ADMIN for a test that needs it, without root: a user and network namespace of its own.
 */
#ifndef RUDEPROXY_TESTS_PRIVATE_NETWORK_H
#define RUDEPROXY_TESTS_PRIVATE_NETWORK_H

#include <stdbool.h>

/* True if this process has CAP_NET_ADMIN, for which it moves into namespaces of its own if need
 * be; there is a loopback interface in them and nothing else. Only from a process with one thread,
 * before it opens any socket. False where the system does not allow it; then nothing has changed.
 */
bool private_network_try(void);

#endif
