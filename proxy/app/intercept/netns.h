/* SPDX-License-Identifier: MIT */
/*
 * The holder of the command's network: a child in a network namespace of its own, which
 * makes sockets there when it is asked and passes them out (SCM_RIGHTS in unix(7)). It does
 * nothing else: the process that made a user namespace has every capability in it
 * (user_namespaces(7)), so we bind, listen and configure from outside.
 *
 * Life: netns_start, before the first thread; netns_socket; netns_stop. The holder
 * ends when we do.
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

/* 0, or -1 with err saying what forbids it and what to do. */
MUST_CHECK int netns_start(struct netns *netns, struct err *err);

/* socket(2) in the held network. The descriptor, close-on-exec; or -errno. */
MUST_CHECK int netns_socket(struct netns *netns, int family, int type, int protocol);

/* The calling process enters the namespaces: the command, before it is executed. 0 or -errno. */
MUST_CHECK int netns_enter(const struct netns *netns);

void netns_stop(struct netns *netns);

#endif
