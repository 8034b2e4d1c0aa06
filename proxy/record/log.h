/* SPDX-License-Identifier: MIT */
/*
 * The event log: every event as one line, JSON or text, with wall-clock time. Lines are gathered and
 * written together, at the latest LOG_LAG_US after the event: two writes for each connection would be
 * a tenth of its system calls.
 *
 * The log never blocks (line_writer.h). Lines that are lost because nobody takes them are counted, and a
 * `lost` event tells of them as soon as there is room again.
 */
#ifndef RUDEPROXY_RECORD_LOG_H
#define RUDEPROXY_RECORD_LOG_H

#include <stdio.h>

#include "config/config.h"
#include "proxy/base/clock.h"
#include "proxy/base/err.h"
#include "proxy/base/must_check.h"
#include "proxy/record/line_writer.h"
#include "proxy/relay/event.h"

#define LOG_LAG_US (20 * US_PER_MS)

/* How long the end of the program waits for a log that nobody reads. */
#define LOG_FINISH_MS 1000
/* How long a reload waits until its lines are in the file. */
#define LOG_SYNC_MS 50

struct log {
    FILE *out;                  /* NULL: no log */
    struct line_writer *writer; /* of `out` */
    bool is_messages;           /* the writer is that of stderr, and not ours */
    time_us pending_since;      /* when lines were first seen to wait; TIME_NEVER: none */
    enum log_format format;
    int64_t wall_offset_us; /* wall clock minus monotonic clock */
    bool failed;            /* stderr was told that writing fails; until it works again */
    uint64_t lost_logged;   /* lines that `lost` events have told of */
};

/* `messages` is the writer behind stderr, where the log may go too. 0, or -1 with err filled. */
MUST_CHECK int log_open(struct log *log, const struct settings *settings,
    struct line_writer *messages, struct err *err);
void log_event(struct log *log, const struct event *event);

/* JSON only: a line that says with what everything after it can be repeated. `event` is "run" at
 * the start, "reload" after a reload. `config` has its seed. */
void log_config(struct log *log, const char *event, const struct config *config);
void log_flush(struct log *log);

/* Flushes, and waits for at most LOG_SYNC_MS until the lines are written, if they go to a file. */
void log_sync(struct log *log);

/* Flushes what has waited for LOG_LAG_US, and logs what was lost. In how many milliseconds it wants to be called again, -1:
 * nothing waits. `now` is monotonic. */
int log_flush_if_due(struct log *log, time_us now);

/* Opens the file anew, for those who rotate it. On failure the old one stays in use. */
MUST_CHECK int log_reopen(struct log *log, struct err *err);

/* Lines that were lost so far, because they were not taken in time. */
uint64_t log_lost(const struct log *log);

/* At the end of the run, before its report: waits for at most LOG_FINISH_MS without progress until all
 * lines are written. The rest is lost. */
void log_finish(struct log *log);
void log_close(struct log *log);

#endif
