/* SPDX-License-Identifier: MIT */
/*
 * A proxy for the length of one scenario: a forked child that runs the program's own loop with the
 * scenario's recipe.
 *
 * Life: demo_proxy_start() returns when it listens; demo_proxy_stop() ends it and gives its log.
 * After a failed start there is nothing to stop. If we die first, it is killed.
 */
#ifndef RUDEPROXY_APP_DEMO_PROXY_H
#define RUDEPROXY_APP_DEMO_PROXY_H

#include <sys/types.h>

#include "proxy/base/err.h"
#include "proxy/base/must_check.h"
#include "proxy/peers/address.h"

/* The addresses of a recipe's proxy, instead of its examples. */
struct demo_place {
    const char *listen; /* "127.0.0.1:0" */
    const char *upstream;
};

struct demo_proxy {
    pid_t pid;
    int log;                     /* a file in memory: JSON, one event a line */
    int errors;                  /* the same for what the child says on stderr */
    struct peer_address address; /* where it listens */
};

/* 0, or -1 with err filled. Only from a process with one thread: it forks. */
MUST_CHECK int demo_proxy_start(struct demo_proxy *proxy, const char *recipe_name,
    const struct demo_place *place, struct err *err);

/* Ends the child, by force if it does not end by itself, and reaps it. Returns its log, to be freed
 * by the caller; NULL with err filled if it ended badly. */
MUST_CHECK char *demo_proxy_stop(struct demo_proxy *proxy, struct err *err);

#endif
