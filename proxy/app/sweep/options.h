/* SPDX-License-Identifier: MIT */
/*
 * The options of a sweep: the `[sweep]` section of the file, and the options of the same names on
 * the command line, which win.
 *
 * Life: sweep_options_init, sweep_options_set for each option, sweep_options_finish, use,
 * sweep_options_deinit. Texts are borrowed from the configuration and from argv.
 */
#ifndef RUDEPROXY_APP_SWEEP_OPTIONS_H
#define RUDEPROXY_APP_SWEEP_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/sweep.h"
#include "proxy/app/intercept/intercept.h"
#include "proxy/app/sweep/outcome.h"
#include "proxy/base/err.h"
#include "proxy/base/must_check.h"

#define SWEEP_FAULTS_MAX 64 /* --sweep-fault, on one command line */
#define SWEEP_JOBS_MAX 64   /* runs side by side */
#define SWEEP_BUDGET 300    /* runs, by default */

struct sweep_options {
    char **faults; /* owned: `reset mode=abrupt`; in the order given */
    size_t fault_count;
    char *compares[SWEEP_COMPARES_MAX]; /* owned: names of files */
    size_t compare_count;
    bool compare_upstream; /* also how many bytes the upstream received */
    uint64_t budget;       /* places; UINT64_MAX: no limit */
    uint64_t budget_us;    /* time; UINT64_MAX: no limit */
    unsigned jobs;         /* 0: one for each usable CPU */
    uint64_t timeout_us;   /* of one run; 0: from the baseline */
    const char *setup;     /* shell commands; NULL: none */
    const char *check;
    bool expect_same;   /* a `failed` run is bad */
    unsigned allowed;   /* outcomes that are not bad: bit i for enum sweep_outcome i */
    uint64_t random;    /* --random N; 0: not random */
    const char *only;   /* one place and its fault; NULL: all */
    const char *dir;    /* where the files of bad runs stay; NULL: nowhere */
    const char *resume; /* the folder of an earlier sweep; NULL: none */
    const char *known;  /* an earlier JSON report; NULL: none */
    const char *html;
    struct intercept_pass pass; /* what is let through where connections are intercepted */
};

void sweep_options_init(struct sweep_options *options);
void sweep_options_deinit(struct sweep_options *options);

/* Sets one option by its name without dashes ("jobs", "sweep-fault" or "sweep_fault"). Options that
 * may be repeated add to what is there. 0, or -1 with err filled, which does not name the option.
 */
MUST_CHECK int sweep_options_set(
    struct sweep_options *options, const char *name, const char *value, struct err *err);

/* Whether an option and a key of the file are the same: `-` and `_` count as one. */
bool sweep_options_same_name(const char *a, const char *b);

/* Fills in the faults where none were given. 0, or -1 with err filled. */
MUST_CHECK int sweep_options_finish(struct sweep_options *options, struct err *err);

#endif
