/* SPDX-License-Identifier: MIT */
/*
 * The event log: every event as one line, JSON or text, with wall-clock time. Lines are buffered
 * and written at most LOG_LAG_US after their event: two writes for each connection would be a tenth
 * of its system calls.
 *
 * The log never blocks (line_queue.h). Lines that cannot be written in time are counted as lost,
 * and a `lost` event reports them as soon as there is room again.
 */
#ifndef RUDEPROXY_RECORD_LOG_H
#define RUDEPROXY_RECORD_LOG_H

#include <stdio.h>

#include "config/config.h"
#include "proxy/base/clock.h"
#include "proxy/base/err.h"
#include "proxy/base/must_check.h"
#include "proxy/record/line_queue.h"
#include "proxy/relay/event.h"

#define LOG_LAG_US (20 * US_PER_MS)

/* How long the program waits at its end for a log that nobody reads. */
#define LOG_FINISH_MS 1000
/* How long a reload waits until its lines are in the file. */
#define LOG_SYNC_MS 50

struct log {
    FILE *out;                /* NULL: no log */
    struct line_queue *queue; /* of `out` */
    bool is_stderr;           /* its lines go to stderr */
    bool is_messages;         /* the queue is shared with other messages on stderr, not owned */
    time_us pending_since;    /* since when lines are pending, as far as seen; TIME_NEVER: none */
    enum log_format format;
    int64_t wall_offset_us; /* wall clock minus monotonic clock */
    bool failed;            /* stderr has a message that writing fails; reset when it works again */
    uint64_t lost_logged;   /* number of lost lines that `lost` events have reported */
};

/* Opens the log. `messages` is the queue behind stderr, which a log on stderr shares; NULL: stderr
 * cannot be replaced (stderr_stream.h), and it has a queue of its own. Returns 0, or -1 with err
 * filled. */
MUST_CHECK int log_open(
    struct log *log, const struct settings *settings, struct line_queue *messages, struct err *err);
void log_event(struct log *log, const struct event *event);

/* Writes a line with everything needed to repeat the events after it; JSON only. `event` is "run"
 * at the start, "reload" after a reload. `config` has its seed. */
void log_config(struct log *log, const char *event, const struct config *config);
void log_flush(struct log *log);

/* Flushes. If the log is a file, waits up to LOG_SYNC_MS until the lines are written. */
void log_sync(struct log *log);

/* Flushes lines that are pending for LOG_LAG_US, and logs losses. Returns in how many milliseconds
 * to call it again, or -1 if no line is pending. `now` is monotonic. */
int log_flush_if_due(struct log *log, time_us now);

/* Opens the file again, after a rotation. On failure the old file stays in use. */
MUST_CHECK int log_reopen(struct log *log, struct err *err);

/* Returns the number of lines lost so far because they could not be written in time. */
uint64_t log_lost(const struct log *log);

/* Call it at the end of the run, before the report. Waits until all lines are written, or
 * LOG_FINISH_MS pass without progress. The rest is lost. */
void log_finish(struct log *log);
void log_close(struct log *log);

#endif
