/* SPDX-License-Identifier: MIT */
/* Reads a JSON log line by line. A log on stderr stands among other output: a line that does not
 * begin with `{"` is not an event, and neither is JSON of another program. */
#ifndef RUDEPROXY_APP_LOG_LINES_H
#define RUDEPROXY_APP_LOG_LINES_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "proxy/base/err.h"
#include "proxy/base/must_check.h"

struct log_lines {
    const char *path;   /* for log_lines_read(), set by the caller; "-": standard input */
    size_t line;        /* number of the current line, from 1 */
    size_t other_lines; /* lines that are not events */
    const char *text;   /* of the current line, with its newline */
    size_t length;      /* of that text */
};

/* Takes one event. It is freed after the call, unless the callee takes a reference. Returns 0, or
 * -1 with err filled, which ends the reading. */
typedef int log_lines_take(void *user, json_t *event, struct err *err);

/* Gives every event of an open file to `take`. Returns 0, or -1 with err filled. */
MUST_CHECK int log_lines_read_from(
    struct log_lines *lines, FILE *in, log_lines_take *take, void *user, struct err *err);

/* Gives every event of the file at `path` to `take`. 0, or -1 after printing FILE:LINE and the
 * error to stderr. */
MUST_CHECK int log_lines_read(struct log_lines *lines, log_lines_take *take, void *user);

/* Reads a time as the log has it, "2024-05-06T07:08:09.123456Z", into microseconds of the wall
 * clock. Returns 0, or -1 if the text is not such a time. */
MUST_CHECK int log_lines_parse_time(const char *text, int64_t *wall_us);

#endif
