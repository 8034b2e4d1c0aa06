/* SPDX-License-Identifier: MIT */
/* Reads a JSON log line by line. Lines that do not begin with `{` are no events: a log on stderr
 * stands among other output. */
#ifndef RUDEPROXY_APP_LOG_LINES_H
#define RUDEPROXY_APP_LOG_LINES_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "proxy/base/err.h"
#include "proxy/base/must_check.h"

struct log_lines {
    const char *path;   /* set by the caller; "-": standard input */
    size_t line;        /* the one that is read, from 1 */
    size_t other_lines; /* that are no events */
};

/* Takes one event, which lives only during the call unless its references are counted. 0, or -1
 * with err filled: the reading ends. */
typedef int log_lines_take(void *user, json_t *event, struct err *err);

/* Gives every event of the file to `take`. 0, or -1 after printing FILE:LINE and what is wrong to
 * stderr. */
MUST_CHECK int log_lines_read(struct log_lines *lines, log_lines_take *take, void *user);

/* Reads a time as the log has it, "2024-05-06T07:08:09.123456Z", into microseconds of the wall
 * clock. -1: it is none. */
MUST_CHECK int log_lines_parse_time(const char *text, int64_t *wall_us);

#endif
