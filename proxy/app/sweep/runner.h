/* SPDX-License-Identifier: MIT */
/*
 * Runs the command of a sweep, many times, some side by side. Each run is a child process that does
 * what `rudeproxy exec` does, with ports, a log and a folder of its own; its subreaper
 * (exec/subreaper.h) ends whatever the command leaves behind, also when we are killed.
 *
 * Life: sweep_runner_open, sweep_runner_run for each wave, sweep_runner_close.
 */
#ifndef RUDEPROXY_APP_SWEEP_RUNNER_H
#define RUDEPROXY_APP_SWEEP_RUNNER_H

#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "proxy/app/exec/subreaper.h"
#include "proxy/app/sweep/evidence.h"
#include "proxy/app/sweep/observation.h"
#include "proxy/app/sweep/options.h"
#include "proxy/app/sweep/outcome.h"
#include "proxy/app/sweep/place_name.h"
#include "proxy/base/clock.h"
#include "proxy/base/must_check.h"

#define SWEEP_EXCERPT_MAX 4096 /* bytes kept of what a command printed */

/* Without --timeout: the limit of a run without a fault, and of each set-up and check. */
#define SWEEP_LONGEST_US (600 * (uint64_t)US_PER_S)

struct sweep_job {
    struct sweep_pick picks[SWEEP_PICKS_MAX];
    size_t pick_count; /* 0: without a fault */
    bool observe;      /* without a fault; fill `seen`: the log has each message */
    /* Filled in. */
    bool done;
    unsigned run; /* RUDEPROXY_RUN */
    struct run_facts facts;
    uint64_t unwritten;      /* bit i: there is no file options->compares[i] that the run wrote */
    struct observation seen; /* the owner's to free */
    struct sweep_evidence evidence; /* the owner's to free */
};

struct sweep_slot; /* one run that goes on */

struct sweep_runner {
    const struct config *config;
    const struct sweep_options *options;
    char *const *command; /* NULL-terminated */
    struct exec_origin origin;
    unsigned jobs;
    const char *shared_file;  /* a file of --compare that all runs write; NULL: none */
    uint64_t timeout_us;      /* of one run */
    unsigned started;         /* runs so far; the number of the last one */
    unsigned resumed_at;      /* runs that an earlier sweep made */
    char root[PATH_MAX];      /* the folder that holds a folder for each run */
    bool keep;                /* root is the user's and stays */
    pid_t janitor;            /* the process that removes `root` if we are killed; 0: none */
    int janitor_fd;           /* the end of a pipe that it waits for; -1: none */
    struct sweep_slot *slots; /* owned; `jobs` of them */
    sigset_t mask;            /* of blocked signals, for the runs and while we wait for one */
    void (*on_done)(void *user, struct sweep_job *job); /* after each run; may be NULL */
    void *user;
};

/* Makes the folder: in options->dir or options->resume, else in $TMPDIR, and then it goes away with
 * us, however we end. 0, or -1 with err filled. */
MUST_CHECK int sweep_runner_open(struct sweep_runner *runner, const struct config *config,
    const struct sweep_options *options, char *const *command, const struct exec_origin *origin,
    struct err *err);

/* Runs all jobs, `runner->jobs` side by side. 0 when all are done, 1 after SIGINT or SIGTERM or
 * past `deadline` (monotonic, TIME_NEVER: none): jobs without `done` were not run. -1 with err
 * filled: a run could not be made at all. */
MUST_CHECK int sweep_runner_run(struct sweep_runner *runner, struct sweep_job *jobs, size_t count,
    uint64_t deadline, struct err *err);

/* Removes what runs 1 to `last` of an earlier sweep left in the folder. */
void sweep_runner_clean(const struct sweep_runner *runner, unsigned last);

void sweep_runner_close(struct sweep_runner *runner);

/* Whether SIGINT or SIGTERM came. */
bool sweep_runner_was_interrupted(void);

#endif
