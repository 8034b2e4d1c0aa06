/* SPDX-License-Identifier: MIT */
/*
 * Makes stderr a stream that never blocks (record/line_writer.h), for the time of a run: a caller
 * that gave us a pipe and does not read it stops nothing.
 *
 * Life: messages_open, any module writes to stderr, messages_close.
 */
#ifndef RUDEPROXY_APP_MESSAGES_H
#define RUDEPROXY_APP_MESSAGES_H

#include <stdbool.h>
#include <stdio.h>

#include "proxy/base/err.h"
#include "proxy/base/must_check.h"
#include "proxy/record/line_writer.h"

struct messages {
    struct line_writer *writer; /* NULL: not open */
    FILE *before;               /* stderr as it was */
};

/* `gathered`: lines are only written when the stream is flushed, as the log wants it; else each
 * line at once. 0, or -1 with err filled and stderr as it was. */
MUST_CHECK int messages_open(struct messages *messages, bool gathered, struct err *err);

/* Waits a second at most for a reader that does not read, and restores stderr. Idempotent. */
void messages_close(struct messages *messages);

#endif
