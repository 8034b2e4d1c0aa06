/* SPDX-License-Identifier: MIT */
/*
 * The network namespace of a command of `exec`, for sockets whose connections are intercepted.
 */
#ifndef RUDEPROXY_TESTS_LIB_COMMAND_NETWORK_H
#define RUDEPROXY_TESTS_LIB_COMMAND_NETWORK_H

#include "tests/lib/proxy_process.h"

/* A command that says where it is, and stays until a signal ends it. */
extern const char command_network_script[];

/* A descriptor of the network of that command, which `process` runs; or a negative errno. Sockets
 * are made in it by setns(2), which needs root. */
int command_network_open(const struct proxy_process *process);

#endif
