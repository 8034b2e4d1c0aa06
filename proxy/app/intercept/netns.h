/* SPDX-License-Identifier: MIT */
/*
 * The holder of the command's network: a child process in a network namespace of its own. On
 * request it makes a socket there and passes it to us (SCM_RIGHTS in unix(7)). It does nothing
 * else. We bind, listen and configure from outside: the owner of a user namespace has every
 * capability in it (user_namespaces(7)).
 *
 * Life: netns_start before the first thread, netns_socket, netns_stop. The holder ends when we do.
 */
#ifndef RUDEPROXY_APP_INTERCEPT_NETNS_H
#define RUDEPROXY_APP_INTERCEPT_NETNS_H

#include <sys/types.h>

#include "proxy/base/err.h"
#include "proxy/base/must_check.h"

enum netns_namespace { NETNS_USER, NETNS_NETWORK, NETNS_NAMESPACES };

struct netns {
    pid_t pid;
    int fd;                           /* our end of the pair */
    int namespaces[NETNS_NAMESPACES]; /* descriptors; NETNS_USER is -1 when none was made */
};

/* Returns 0, or -1: err says what forbids the namespace and what to do. */
MUST_CHECK int netns_start(struct netns *netns, struct err *err);

/* socket(2) in the held network. Returns a close-on-exec descriptor, or -errno. */
MUST_CHECK int netns_socket(struct netns *netns, int family, int type, int protocol);

/* Moves the calling process into the namespaces. The command's process calls it before exec.
 * Returns 0 or -errno. */
MUST_CHECK int netns_enter(const struct netns *netns);

void netns_stop(struct netns *netns);

#endif
