/* SPDX-License-Identifier: MIT */
/*
 * The process that holds the command's network: a child in a network namespace of its own, which
 * makes sockets there when it is asked and passes them out (SCM_RIGHTS in unix(7)). It does
 * nothing else: the process that made a user namespace has every capability in it
 * (user_namespaces(7)), so we bind, listen and configure from outside.
 *
 * Life: holder_start, before the first thread; holder_socket; holder_stop. The holder ends when we
 * do.
 */
#ifndef RUDEPROXY_APP_INTERCEPT_HOLDER_H
#define RUDEPROXY_APP_INTERCEPT_HOLDER_H

#include <sys/types.h>

#include "proxy/base/err.h"
#include "proxy/base/must_check.h"

enum holder_namespace { HOLDER_USER, HOLDER_NETWORK, HOLDER_NAMESPACES };

struct holder {
    pid_t pid;
    int fd;                            /* our end of the pair */
    int namespaces[HOLDER_NAMESPACES]; /* descriptors; HOLDER_USER is -1 when none was made */
};

/* 0, or -1 with err saying what forbids it and what to do. */
MUST_CHECK int holder_start(struct holder *holder, struct err *err);

/* socket(2) in the held network. The descriptor, close-on-exec; or -errno. */
MUST_CHECK int holder_socket(struct holder *holder, int family, int type, int protocol);

/* The calling process enters the namespaces: the command, before it is executed. 0 or -errno. */
MUST_CHECK int holder_enter(const struct holder *holder);

void holder_stop(struct holder *holder);

#endif
