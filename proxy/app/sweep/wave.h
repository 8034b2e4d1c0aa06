/* SPDX-License-Identifier: MIT */
/*
 * From cases to verdicts: runs them, classifies what came of each, and runs a bad one again to see
 * whether it repeats.
 */
#ifndef RUDEPROXY_APP_SWEEP_WAVE_H
#define RUDEPROXY_APP_SWEEP_WAVE_H

#include "proxy/app/sweep/sweep.h"
#include "proxy/base/must_check.h"

#define SWEEP_CONFIRMATIONS 2 /* further runs of a bad case */

/* Runs every case that is not done. 0; 1 when it was interrupted or its time was over:
 * cases that were not run stay as they are; -1 with err filled. */
MUST_CHECK int sweep_wave_run(struct sweep *sweep, struct err *err);

/* Judges a case that is done by its outcome and the known report, as both of the others do: for one
 * whose faults have changed since. */
void sweep_wave_settle(struct sweep *sweep, struct sweep_case *tried);

/* Runs one case that is in no cases. The same as sweep_wave_run(). */
MUST_CHECK int sweep_wave_try(struct sweep *sweep, struct sweep_case *tried, struct err *err);

#endif
