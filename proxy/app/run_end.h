/* SPDX-License-Identifier: MIT */
/* The end of a run: prints the summary, writes the reports, returns the exit status. */
#ifndef RUDEPROXY_APP_RUN_END_H
#define RUDEPROXY_APP_RUN_END_H

#include "proxy/base/err.h"
#include "proxy/base/must_check.h"
#include "proxy/record/ledger.h"

struct run_options;

/* Checks before the run that the reports can be written. 0, or -1 with err filled. */
MUST_CHECK int run_end_check(const struct run_options *options, struct err *err);

/* Prints the summary and writes the reports. `child_status`: how the command of exec ended, 0
 * without one. Returns the exit status: that of the command if it failed, then ours, then that of
 * a must_fire fault. */
int run_end_conclude(const struct run_options *options, struct ledger *ledger, int child_status);

#endif
