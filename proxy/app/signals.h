/* SPDX-License-Identifier: MIT */
/*
 * The signals of the running program: SIGTERM and SIGINT ask to stop, SIGHUP is for the file or the
 * command.
 *
 * Life: signals_start, the loop runs, signals_close, the loop runs until libuv has closed the
 * handles, the reports are written, signals_end.
 */
#ifndef RUDEPROXY_APP_SIGNALS_H
#define RUDEPROXY_APP_SIGNALS_H

#include <signal.h>
#include <uv.h>

#include "proxy/base/err.h"
#include "proxy/base/must_check.h"

#define SIGNALS_MAX 3

/* A signal to stop that comes again within this time counts once. timeout(1) signals its child and
 * then its group; npm passes on a signal that the terminal has sent to both. */
#define SIGNALS_REPEAT_MS 100

/* The three signals, as a set to block. */
sigset_t signals_watched(void);

struct signals {
    uv_signal_t handles[SIGNALS_MAX];
    int count;           /* of handles */
    int last;            /* the signal that counted last; 0: none */
    uint64_t last_at_ms; /* as of uv_now() */
    void (*on_signal)(struct signals *signals, int signum);
};

/* `signals` is all zeros except on_signal. `ignored`: the signals that were ignored at the start;
 * NULL: none. A SIGINT in `ignored` stays ignored, also in a command of ours, as in every job that
 * a shell without job control puts in the background. Returns 0, or -1 with err filled; call
 * signals_close after a failure, too. */
MUST_CHECK int signals_start(
    struct signals *signals, uv_loop_t *loop, const sigset_t *ignored, struct err *err);

/* Ignores all three signals, because one more must not cost the reports, which are written now. A
 * report may go to a pipe that nobody reads, so the signals end the program again after this time,
 * except those that were ignored at the start. */
#define SIGNALS_IGNORED_S 10
void signals_close(struct signals *signals);

/* Call it when the reports are written. No SIGALRM will interrupt calls of the caller any more. */
void signals_end(void);

#endif
