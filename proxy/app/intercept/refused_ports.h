/* SPDX-License-Identifier: MIT */
/*
 * The ports that refused the command. A raw socket in the command's network (raw(7)) sees the RST
 * that answers a SYN to a port where nobody listens. A port that accepted a connection at another
 * time is left out: it belongs to a server of the command that was not up yet.
 *
 * Life: refused_ports_start, the loop runs, refused_ports_stop (idempotent), refused_ports_print.
 */
#ifndef RUDEPROXY_APP_INTERCEPT_REFUSED_PORTS_H
#define RUDEPROXY_APP_INTERCEPT_REFUSED_PORTS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <uv.h>

#include "proxy/app/intercept/netns.h"
#include "proxy/base/address.h"
#include "proxy/base/err.h"
#include "proxy/base/must_check.h"

/* Only the first addresses are listed: a command that tries more of them scans ports. */
#define REFUSED_PORTS_MAX 64

struct refused_port {
    char address[ADDRESS_TEXT_MAX];
    uint16_t port;
    uint64_t count; /* SYNs */
};

#define REFUSED_PORTS_SOCKETS 2 /* one for each family */

struct refused_ports {
    /* polls[i] watches fds[i]. Allocated, because libuv uses a handle until its close callback.
     * NULL: closed. */
    uv_poll_t *polls[REFUSED_PORTS_SOCKETS];
    int fds[REFUSED_PORTS_SOCKETS];
    size_t count;
    struct refused_port list[REFUSED_PORTS_MAX];
    uint8_t served[65536 / 8]; /* a bit for each port */
};

/* 0, or -1 with err filled. */
MUST_CHECK int refused_ports_start(
    struct refused_ports *refusals, uv_loop_t *loop, struct netns *netns, struct err *err);

/* Reads the packets that are left, and closes. */
void refused_ports_stop(struct refused_ports *refusals);

/* Prints one line, or nothing. Leaves out the ports for which `is_ours` returns true: those were
 * intercepted or passed, so `--pass` would not help. */
void refused_ports_print(const struct refused_ports *refusals,
    bool (*is_ours)(const void *user, uint16_t port), const void *user, FILE *out);

#endif
