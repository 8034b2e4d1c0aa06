/* SPDX-License-Identifier: MIT */
/* The command line that repeats one case of this sweep. */
#ifndef RUDEPROXY_APP_SWEEP_REPEAT_H
#define RUDEPROXY_APP_SWEEP_REPEAT_H

#include <stdio.h>

#include "proxy/app/sweep/cases.h"
#include "proxy/base/must_check.h"

struct sweep;

#define SWEEP_CASE_TEXT_MAX (SWEEP_PICKS_MAX * (SWEEP_PLACE_TEXT_MAX + 256))

/* Stands between the faults of one case. */
#define SWEEP_CASE_GLUE " + "

/* `web#1:downstream:58:reset mode=abrupt`, the text that --only takes. Several faults stand with `
 * + ` between them. Returns buf. */
const char *sweep_case_format(
    const struct sweep *sweep, const struct sweep_case *tried, char *buf, size_t size);

/* Reads it into a case; a fault that is not in the list is an error. 0, or -1 with err
 * filled. */
MUST_CHECK int sweep_case_parse(
    const struct sweep *sweep, const char *text, struct sweep_case *tried, struct err *err);

/* Writes the command line, quoted for a shell, on one line without its end. */
void sweep_repeat_print(const struct sweep *sweep, const struct sweep_case *tried, FILE *out);

#endif
