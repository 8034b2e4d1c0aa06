/* SPDX-License-Identifier: MIT */
/* The bad outcomes of an earlier report (--known): they are no news, and not bad a second time. */
#ifndef RUDEPROXY_APP_SWEEP_KNOWN_H
#define RUDEPROXY_APP_SWEEP_KNOWN_H

#include <stdbool.h>

#include "proxy/app/sweep/cases.h"
#include "proxy/base/err.h"
#include "proxy/base/must_check.h"

struct sweep_known;

/* Reads a JSON report. NULL with err filled. */
MUST_CHECK struct sweep_known *sweep_known_read(const char *path, struct err *err);
void sweep_known_free(struct sweep_known *known); /* NULL is allowed */

/* Whether the report has this outcome of the same faults at the same places. */
bool sweep_known_has(const struct sweep_known *known, const struct sweep_case *tried,
    const struct config *config, char *const *faults);

#endif
