/* SPDX-License-Identifier: MIT */
/*
 * The connections of a JSON log, each as its events in their order.
 *
 * Life: view_log_read, use, view_log_free (also after a failure).
 */
#ifndef RUDEPROXY_APP_VIEW_LOG_H
#define RUDEPROXY_APP_VIEW_LOG_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "proxy/base/must_check.h"
#include "proxy/base/side.h"

struct view_log {
    json_t *connections; /* owned: an array of arrays of events, in the order in which they began */
    json_t *addresses;   /* owned: for each of these, where its proxy listened; "": unknown */
    json_t *listening;   /* owned: where each proxy listens now, by its name */
    /* owned: those of `connections` whose end was not read yet, by "SERIAL", or by
     * "PROXY#COUNT#NUMBER" where the log has no serials */
    json_t *index;
    json_t *counts; /* owned: by a proxy's name, how often its numbers began with 1 again */
};

/* `only` is "PROXY#NUMBER" or the name of a proxy; NULL: all. 0, or -1 after printing what is
 * wrong. */
MUST_CHECK int view_log_read(struct view_log *log, const char *path, const char *only);
void view_log_free(struct view_log *log);

/* Return a member of an event; "" or 0 if it is missing. */
const char *view_text_of(const json_t *event, const char *key);
uint64_t view_number_of(const json_t *event, const char *key);
/* Returns the direction of an event; upstream if it has none. */
enum direction view_direction_of(const json_t *event);
bool view_is(const json_t *event, const char *name);

#endif
