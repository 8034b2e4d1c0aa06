/* SPDX-License-Identifier: MIT */
/*
 * `rudeproxy sweep`: runs a command again and again, first without a fault, then once for each
 * fault at each place where its connections can break, and says what came of it.
 */
#ifndef RUDEPROXY_APP_SWEEP_SWEEP_H
#define RUDEPROXY_APP_SWEEP_SWEEP_H

#include "proxy/app/sweep/baseline.h"
#include "proxy/app/sweep/cases.h"
#include "proxy/app/sweep/options.h"
#include "proxy/app/sweep/runner.h"

struct sweep_journal;
struct sweep_known;

/* All of one sweep; the files of sweep/ share it. */
struct sweep {
    const struct config *config;
    const struct sweep_options *options;
    uint64_t seed;
    struct sweep_runner runner;
    struct sweep_baseline baseline;
    struct sweep_cases cases;
    struct sweep_journal *journal; /* NULL: none */
    struct sweep_known *known;     /* NULL: none */
    uint64_t deadline;             /* of the budget; TIME_NEVER: none */
    uint64_t began;                /* monotonic */
    bool cut_short; /* a signal, or the budget, ended it before all cases were done */
    /* Progress. */
    size_t wave_count, wave_done; /* runs of this round, and how many are over */
    uint64_t wave_began;          /* monotonic */
};

/* The arguments of a sweep beside the configuration. */
struct sweep_request {
    struct config *config; /* the sweep may change it: ports, protocols */
    const struct sweep_options *options;
    char *const *command;             /* NULL-terminated */
    const struct exec_origin *origin; /* what the command inherits */
    const char *report_path;          /* NULL: none */
    const char *junit_path;
};

/* Returns an exit status: EXIT_FINE, EXIT_RUNTIME, EXIT_USAGE or EXIT_BAD. */
int sweep_run(const struct sweep_request *request);

#endif
