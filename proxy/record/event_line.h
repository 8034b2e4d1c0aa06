/* SPDX-License-Identifier: MIT */
/* One event as one line, JSON or text, for the log and for the event stream of the API. */
#ifndef RUDEPROXY_RECORD_EVENT_LINE_H
#define RUDEPROXY_RECORD_EVENT_LINE_H

#include <stdint.h>
#include <stdio.h>

#include "config/config.h"
#include "proxy/relay/event.h"

/* Writes the event and a newline. `wall_us` is when it happened, by the wall clock. */
void event_line_write(
    FILE *out, enum log_format format, int64_t wall_us, const struct event *event);

/* Writes a wall-clock time as in the log: UTC, ISO 8601, microseconds. */
#define EVENT_LINE_TIME_MAX 64
void event_line_time_text(int64_t wall_us, char *buf, size_t size);
int64_t event_line_wall_us(void);

/* Returns the wall clock minus the monotonic clock of events. */
int64_t event_line_wall_offset_us(void);

/* Returns the time by the wall clock, as if nobody had set it since the offset was taken. */
int64_t event_line_now_us(int64_t wall_offset_us);

#endif
