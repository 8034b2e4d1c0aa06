/* SPDX-License-Identifier: MIT */
/*
 * Random runs (--random N): each has two to four faults, drawn by the seed from the places of the
 * first wave and those of one more connection of each proxy, which a retry would make. A bad run is
 * shrunk to the fewest faults, and to the simplest places, that still end as it did.
 */
#ifndef RUDEPROXY_APP_SWEEP_RANDOM_H
#define RUDEPROXY_APP_SWEEP_RANDOM_H

#include "proxy/base/err.h"
#include "proxy/base/must_check.h"

struct sweep;

/* Adds a case for each run, with its outcome. 0; 1 when it was interrupted; -1 with err
 * filled. */
MUST_CHECK int sweep_random_run(struct sweep *sweep, struct err *err);

#endif
