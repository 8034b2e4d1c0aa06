/* SPDX-License-Identifier: MIT */
/*
 * A place: one point of one direction of one connection at which a fault can be injected.
 *
 * Its text names it on the command line and in reports: `web#1:downstream:58` behind 58 bytes,
 * `web#1:downstream:message2` when the first byte of message 2 has arrived, which is withheld, and
 * `web#1:downstream:fin` at the FIN.
 */
#ifndef RUDEPROXY_APP_SWEEP_PLACE_NAME_H
#define RUDEPROXY_APP_SWEEP_PLACE_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "proxy/base/must_check.h"
#include "proxy/base/side.h"

/* Why a place was chosen. */
enum sweep_edge {
    SWEEP_EDGE_START,    /* before the first byte */
    SWEEP_EDGE_WITHHELD, /* the first byte of a message has arrived, and is withheld */
    SWEEP_EDGE_AFTER,    /* behind the last byte of a message */
    SWEEP_EDGE_BEFORE,   /* one byte before the end of a message */
    SWEEP_EDGE_INTO,     /* one byte into a message */
    SWEEP_EDGE_MIDDLE,   /* in the middle of a message */
    SWEEP_EDGE_LAST,     /* behind the last byte of the direction, before its FIN */
    SWEEP_EDGE_FIN,      /* at the FIN */
    SWEEP_EDGE_BETWEEN,  /* between two places whose outcomes differ */
    SWEEP_EDGE_COUNT,
};

struct sweep_place {
    size_t proxy;        /* index in the configuration */
    uint64_t connection; /* from 1 */
    enum direction direction;
    uint64_t offset; /* bytes of the direction that are forwarded before the fault fires */
    bool at_fin;     /* it fires at the FIN, behind `offset` bytes */
    /* It fires when the byte behind `offset`, the first of `message`, has arrived, and withholds
     * it. */
    bool withheld;
    /* Number of the message that the next byte belongs to, or that just ended at SWEEP_EDGE_AFTER;
     * 0: not known. */
    uint64_t message;
    enum sweep_edge edge;
};

#define SWEEP_PICKS_MAX 4 /* faults of one run */

/* One fault at one place. */
struct sweep_pick {
    struct sweep_place place;
    size_t fault; /* index in the list of faults */
};

#define SWEEP_PLACE_TEXT_MAX (PROXY_NAME_MAX + 64)

/* "start", "after"... Static storage. */
const char *sweep_edge_name(enum sweep_edge edge);

/* Whether both name the same point; `message` and `edge` do not count. */
bool sweep_place_equal(const struct sweep_place *a, const struct sweep_place *b);

/* Writes `web#1:downstream:58`. Returns buf. */
const char *sweep_place_format(
    const struct sweep_place *place, const struct config *config, char *buf, size_t size);

/* Reads what sweep_place_format wrote, up to the end of `text` or to a `:` behind the offset, and
 * sets *rest to what follows that `:`, or to the end. 0, or -1 with err filled. */
MUST_CHECK int sweep_place_parse(struct sweep_place *place, const struct config *config,
    const char *text, const char **rest, struct err *err);

#endif
