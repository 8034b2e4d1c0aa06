/* SPDX-License-Identifier: MIT */
/*
 * `rudeproxy run` on a terminal: one line below its messages, with what happens now. It is drawn
 * twice a second, except in the background of a shell, and is no part of any log.
 *
 * Life: status_line_wanted before stderr_stream_open, status_line_start, status_line_close.
 */
#ifndef RUDEPROXY_APP_STATUS_LINE_H
#define RUDEPROXY_APP_STATUS_LINE_H

#include "proxy/app/run.h"
#include "proxy/app/stderr_stream.h"
#include "proxy/net/worker.h"
#include "proxy/record/ledger.h"

struct status_line {
    const struct worker *worker;
    const struct ledger *ledger;
    struct stderr_stream *stream;
    uv_timer_t timer;
    bool started;
    uint64_t bytes[2]; /* forwarded until it was drawn last, by enum direction */
    time_us drawn_at;
};

/* Whether a run has a status line: stderr is a terminal, nothing else writes to it (a command, a
 * log on stdout), and --quiet was not given. */
bool status_line_wanted(const struct run_options *options, const struct settings *settings);

/* Does nothing if messages have no status line. All three outlive it. */
void status_line_start(struct status_line *line, const struct worker *worker,
    const struct ledger *ledger, struct stderr_stream *stream);

/* Idempotent. Run the loop until the timer is closed. */
void status_line_close(struct status_line *line);

#endif
