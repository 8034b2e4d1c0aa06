/* SPDX-License-Identifier: MIT */
/*
 * Ports that the command asked for in vain: a raw socket in its network (raw(7)) sees the
 * RST that answers a SYN to a port where nobody listens. A port is left out if somebody served it
 * at another time: a server of the command that was not up yet.
 *
 * Life: refusals_start, the loop runs, refusals_stop (idempotent), refusals_print.
 */
#ifndef RUDEPROXY_APP_INTERCEPT_REFUSALS_H
#define RUDEPROXY_APP_INTERCEPT_REFUSALS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <uv.h>

#include "proxy/app/intercept/holder.h"
#include "proxy/base/address.h"
#include "proxy/base/err.h"
#include "proxy/base/must_check.h"

/* Addresses that are listed, the first ones: a command that tries more scans ports. */
#define REFUSALS_MAX 64

struct refusal {
    char address[ADDRESS_TEXT_MAX];
    uint16_t port;
    uint64_t count; /* SYNs */
};

#define REFUSALS_SOCKETS 2 /* one for each family */

struct refusals {
    /* Of fds; allocated, because libuv frees no handle at once. NULL: closed. */
    uv_poll_t *polls[REFUSALS_SOCKETS];
    int fds[REFUSALS_SOCKETS];
    size_t count;
    struct refusal list[REFUSALS_MAX];
    uint8_t served[65536 / 8]; /* a bit for each port */
};

/* 0, or -1 with err filled. */
MUST_CHECK int refusals_start(
    struct refusals *refusals, uv_loop_t *loop, struct holder *holder, struct err *err);

/* Reads what is left and closes. */
void refusals_stop(struct refusals *refusals);

/* One line, or none. `is_ours` says which ports were taken by us, so that a refusal was a fault. */
void refusals_print(const struct refusals *refusals,
    bool (*is_ours)(const void *user, uint16_t port), const void *user, FILE *out);

#endif
