/* SPDX-License-Identifier: MIT */
/*
 * Makes stderr a stream that never blocks (record/line_queue.h), for the time of a run. So a pipe
 * that its owner does not read stops nothing. With a C library that does not allow this (musl),
 * stderr stays as it is.
 *
 * On a terminal, a status line may stand behind the last message. It is cleared before the next
 * message is printed, and at the end.
 *
 * Life: stderr_stream_open, any module writes to stderr, stderr_stream_close.
 */
#ifndef RUDEPROXY_APP_STDERR_STREAM_H
#define RUDEPROXY_APP_STDERR_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "proxy/base/err.h"
#include "proxy/base/must_check.h"
#include "proxy/record/line_queue.h"

/* A wait of this length is announced. */
#define STDERR_STREAM_WAIT_MS 2000

struct stderr_stream {
    struct line_queue *queue; /* NULL: not open */
    FILE *before;             /* stderr as it was */
    FILE *above;              /* stderr, if there is a status line: it clears the line; or NULL */
    bool shown;               /* the status line is on the screen */
};

struct stderr_stream_options {
    bool gathered;   /* lines are only written when the stream is flushed, as for the log */
    bool has_status; /* there is a status line: stderr is a terminal */
};

/* 0, or -1 with err filled and stderr as it was. `stream` stays where it is while it is open. */
MUST_CHECK int stderr_stream_open(
    struct stderr_stream *stream, const struct stderr_stream_options *options, struct err *err);

/* Shows `text` (without a newline) in the place of the last status line. Does nothing without a
 * status line, or while the terminal takes nothing. */
void stderr_stream_show_status(struct stderr_stream *stream, const char *text);

/* Leaves the status line as it is: from now on the terminal belongs to another program. */
void stderr_stream_leave_status(struct stderr_stream *stream);

/* Waits a second at most for a reader that does not read, and restores stderr. Idempotent. */
void stderr_stream_close(struct stderr_stream *stream);

/* Says which open connections a stop waits for, and for how long at most. */
void stderr_stream_say_waiting(size_t connections, uint64_t left_ms);

#endif
