/* SPDX-License-Identifier: MIT */
/*
 * How the two sockets of a connection ended: their FINs and RSTs in the order in which they
 * happened. The `closed` event has them as `ends`. A log of an older version has only their order
 * on each socket (`ended`). Then the place of a FIN or RST that rudeproxy sent is guessed from the
 * cause. Pure.
 */
#ifndef RUDEPROXY_APP_VIEW_ENDS_H
#define RUDEPROXY_APP_VIEW_ENDS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proxy/base/side.h"

struct view_end {
    enum side side;
    const char *mark; /* a word of `ended`; the log's */
    int64_t at_us;    /* since the connection was accepted; -1: not known */
    uint64_t events;  /* events of the connection that the log has before it */
};

#define VIEW_ENDS_MAX 16 /* two sockets have at most 4 each; more are not read */

struct view_ends {
    struct view_end list[VIEW_ENDS_MAX];
    size_t count;
};

/* `closed` is the last of `events`, or NULL: nothing is known then. The events must outlive
 * `ends`. */
void view_ends_read(struct view_ends *ends, const json_t *events, const json_t *closed);

bool view_end_is_ours(const struct view_end *end);

/* Whether `event` is the fault that ended the connection, at the moment when it did. */
bool view_event_is_ending(const json_t *event, const json_t *events, const json_t *closed);

/* Whether faults of this type withhold a FIN. */
bool view_type_holds_fin(const char *type);

#endif
