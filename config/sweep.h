/* SPDX-License-Identifier: MIT */
/* Values of [sweep] that are checked with the file. Options of `rudeproxy sweep` have them too. */
#ifndef RUDEPROXY_CONFIG_SWEEP_H
#define RUDEPROXY_CONFIG_SWEEP_H

#include <stdint.h>

#include "proxy/base/must_check.h"
#include "proxy/base/option.h"

/* The names of the outcomes of a run, in the order of enum sweep_outcome; ends with NULL. */
#define SWEEP_OUTCOMES 8
extern const char *const sweep_outcome_names[SWEEP_OUTCOMES + 1];

/* Parses "300", a number of places, or "10m", a time. The other one is UINT64_MAX: no limit.
 * Returns 0, or -1 with err filled. */
MUST_CHECK int sweep_budget_parse(
    const char *text, uint64_t *places, uint64_t *time_us, struct err *err);

/* Parses names of outcomes with commas between, and adds bit i for name i to *outcomes. Returns 0,
 * or -1 with err filled. */
MUST_CHECK int sweep_outcomes_parse(const char *text, unsigned *outcomes, struct err *err);

/* The most files of `compare`. */
#define SWEEP_COMPARES_MAX 64

/* units_next_element() for a list of [sweep]: an empty element is an error, too. Returns 1, 0 at
 * the end, or -1 with err filled. */
MUST_CHECK int sweep_next_item(const char **rest, char *out, size_t size, struct err *err);

extern const struct option_kind option_budget;   /* char[OPTION_PATH_MAX] */
extern const struct option_kind option_compare;  /* char[OPTION_PATH_MAX] */
extern const struct option_kind option_outcomes; /* char[OPTION_PATH_MAX] */

#endif
