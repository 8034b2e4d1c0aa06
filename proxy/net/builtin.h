/* SPDX-License-Identifier: MIT */
/*
 * Upstreams inside the process: `builtin:echo` (RFC 862), `builtin:discard` (RFC 863),
 * `builtin:chargen` (RFC 864) and `builtin:http`. Each is an ordinary TCP server on a loopback port
 * that the kernel chooses, so a proxy in front of it uses real sockets.
 *
 * Life: builtins_init; builtins_start for each service in use (a second start does nothing);
 * builtins_close; then run the loop until the handles are closed.
 */
#ifndef RUDEPROXY_NET_BUILTIN_H
#define RUDEPROXY_NET_BUILTIN_H

#include <stdbool.h>
#include <uv.h>

#include "proxy/base/address.h"
#include "proxy/base/err.h"
#include "proxy/base/list.h"
#include "proxy/base/must_check.h"

#define BUILTIN_COUNT 4

/* The pattern that chargen and http send (RFC 864): lines of 72 characters, each starting one
 * character later. */
#define BUILTIN_PATTERN_LINE 74  /* with CR and LF */
#define BUILTIN_PATTERN_LINES 95 /* lines until it repeats: one for each printable character */
#define BUILTIN_PATTERN_SIZE (BUILTIN_PATTERN_LINE * BUILTIN_PATTERN_LINES)

struct builtin {
    uv_tcp_t *listener; /* owned until closed; a failed listener closes while the next one starts */
    uv_tcp_t refused;   /* a connection that is reset because there is no memory */
    bool refusing;      /* `refused` is not closed yet */
    bool refuse_again;  /* another connection waits for `refused` */
    struct builtins *owner;
    bool running;
    struct address address; /* where it listens */
};

struct builtins {
    uv_loop_t *loop;
    struct builtin services[BUILTIN_COUNT]; /* by row of the table in builtin.c */
    struct list clients;
    char pattern[BUILTIN_PATTERN_SIZE];
};

void builtins_init(struct builtins *builtins, uv_loop_t *loop);
MUST_CHECK int builtins_start(struct builtins *builtins, const char *name, struct err *err);

/* Returns the address where the service listens, or NULL if it was not started. */
const struct address *builtins_address(const struct builtins *builtins, const char *name);

/* Closes listeners and connections. Idempotent. */
void builtins_close(struct builtins *builtins);

#endif
