/* SPDX-License-Identifier: MIT */
/*
 * The event log: every event as one line, JSON or text, with wall-clock time. Lines are gathered and
 * written together, at the latest LOG_LAG_US after the event: two writes for each connection would be
 * a tenth of its system calls.
 */
#ifndef RUDEPROXY_RECORD_LOG_H
#define RUDEPROXY_RECORD_LOG_H

#include <stdio.h>

#include "config/config.h"
#include "proxy/base/clock.h"
#include "proxy/base/err.h"
#include "proxy/relay/event.h"

#define LOG_LAG_US (20 * US_PER_MS)

struct log {
    FILE *out;             /* NULL: no log */
    time_us pending_since; /* when lines were first seen to wait; TIME_NEVER: none */
    enum log_format format;
    const char *path;       /* NULL: no file; points into the settings it was opened with */
    int64_t wall_offset_us; /* wall clock minus monotonic clock */
    bool failed;            /* a write failed; said once */
    /* Of `out`, which must not outlive the log otherwise. Written out when it is half full, and no line is
     * longer than the other half, so that no write ends in the middle of a line. */
    char buffer[64 * 1024];
};

/* `settings` outlives the log. 0, or -1 with err filled. */
int log_open(struct log *log, const struct settings *settings, struct err *err);
void log_event(struct log *log, const struct event *event);

/* JSON only: a line that says with what everything after it can be repeated. `event` is "run" at
 * the start, "reload" after a reload. `config` has its seed. */
void log_config(struct log *log, const char *event, const struct config *config);
void log_flush(struct log *log);

/* Writes out what has waited for LOG_LAG_US. In how many milliseconds it wants to be called again, -1:
 * nothing waits. `now` is monotonic. */
int log_flush_if_due(struct log *log, time_us now);

/* Opens the file anew, for those who rotate it. On failure the old one stays in use. */
int log_reopen(struct log *log, struct err *err);
void log_close(struct log *log);

#endif
