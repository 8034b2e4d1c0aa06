/* SPDX-License-Identifier: MIT */
/*
 * The baseline: at least two runs without a fault, compared with each other. Every other run is
 * compared with the first of them.
 *
 * Life: sweep_baseline_make, use, sweep_baseline_free.
 */
#ifndef RUDEPROXY_APP_SWEEP_BASELINE_H
#define RUDEPROXY_APP_SWEEP_BASELINE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "proxy/app/sweep/runner.h"
#include "proxy/base/must_check.h"

#define SWEEP_BASELINE_RUNS 2

struct sweep_baseline {
    struct run_facts facts;
    struct observation seen; /* owned */
    bool stable;             /* the runs were the same in everything that is compared */
    bool status_stable;      /* ... in their exit status: else no run is `failed` */
    bool output_stable;      /* ... in their output: else runs are not compared by it */
    uint64_t longest_us;     /* of the runs */
};

/* Runs the command. 0; -1 with err filled, also for a baseline that no sweep can stand on: the
 * check fails, the command connects to no proxy or reaches no upstream, does not end or is killed
 * by a signal; 1 when it was interrupted. What differs between the runs, a status other than 0, and
 * files of --compare that no run writes are written to `notes`, a line each. */
MUST_CHECK int sweep_baseline_make(
    struct sweep_baseline *baseline, struct sweep_runner *runner, FILE *notes, struct err *err);
void sweep_baseline_free(struct sweep_baseline *baseline);

#endif
