/* SPDX-License-Identifier: MIT */
/*
 * Reads the JSON log of one run: its connections with their bytes, messages and endings, and
 * whether a fault fired. The log is the program's own, complete, and of one run.
 *
 * Life: observation_read, use, observation_free (also after a failure).
 */
#ifndef RUDEPROXY_APP_SWEEP_OBSERVATION_H
#define RUDEPROXY_APP_SWEEP_OBSERVATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "proxy/base/must_check.h"
#include "proxy/base/side.h"

#define OBSERVATION_ENDED_MAX 96 /* "fin_received,fin_sent" of one side */

struct seen_message {
    uint64_t offset; /* of its first byte in the direction */
    uint64_t size;   /* bytes */
};

struct seen_connection {
    size_t proxy; /* index in the configuration */
    uint64_t number;
    uint64_t bytes[2];                /* read in each direction */
    bool fin[2];                      /* a FIN arrived in it */
    bool connect_failed;              /* it did not reach the upstream */
    struct seen_message *messages[2]; /* owned; in order */
    size_t message_count[2];
    uint64_t sent_upstream;               /* bytes that the server's socket was given */
    char ended[2][OBSERVATION_ENDED_MAX]; /* by enum side: how its socket ended */
};

struct observation {
    struct seen_connection *connections; /* owned; by proxy and number */
    size_t count;
    bool fired;        /* at least one fault was injected */
    char *unreachable; /* owned: address and reason of a failed connect; NULL: there was none */
    char *record;      /* owned: the last `closed` line; NULL: there is none */
};

/* 0, or -1 with err filled. A log that is missing or empty has no connections. */
MUST_CHECK int observation_read(struct observation *observation, const struct config *config,
    const char *path, struct err *err);
void observation_free(struct observation *observation);

/* The connection of this proxy and number; NULL: there was none. */
const struct seen_connection *observation_find(
    const struct observation *observation, size_t proxy, uint64_t number);

/* Whether there are connections, and none of them reached its upstream. */
bool observation_reached_nothing(const struct observation *observation);

#endif
