/* SPDX-License-Identifier: MIT */
/*
 * The outcome of one run, compared with the baseline. The enum is in the order of the checks: the
 * first outcome that applies counts.
 */
#ifndef RUDEPROXY_APP_SWEEP_OUTCOME_H
#define RUDEPROXY_APP_SWEEP_OUTCOME_H

#include <stdbool.h>
#include <stdint.h>

/* Their names are sweep_outcome_names of config/sweep.h. */
enum sweep_outcome {
    OUTCOME_NOT_REACHED,  /* the fault did not fire */
    OUTCOME_HUNG,         /* the command was killed when its time was over */
    OUTCOME_CRASHED,      /* a signal ended the command */
    OUTCOME_CHECK_FAILED, /* the check did not exit with 0 */
    OUTCOME_FAILED,       /* another exit status than the baseline's */
    OUTCOME_DIFFERENT,    /* the baseline's exit status, other output */
    OUTCOME_SAME,
    OUTCOME_FLAKY, /* bad once, and not so when it was run again */
    OUTCOME_COUNT,
};

/* The facts of one run: its status, output and log. */
struct run_facts {
    bool started;    /* the command was executed */
    bool timed_out;  /* ... and killed when its time was over */
    bool fired;      /* a fault of the run was injected */
    int wait_status; /* as of waitpid(2) */
    bool check_failed;
    uint64_t duration_us; /* of the command */
    uint64_t output;      /* digest of what is compared */
};

/* "not_reached"... Static storage. */
const char *outcome_name(enum sweep_outcome outcome);
const char *outcome_summary(enum sweep_outcome outcome); /* one sentence for people */
char outcome_letter(enum sweep_outcome outcome);         /* of the map */

/* Compares a run with the baseline, except for parts that are not stable in the baseline. */
enum sweep_outcome outcome_classify(const struct run_facts *run, const struct run_facts *baseline,
    bool compare_status, bool compare_output);

/* Exit status of the command, -1 if a signal ended it or it was killed. */
int run_facts_status(const struct run_facts *facts);
/* The signal that ended it, 0 if none. */
int run_facts_signal(const struct run_facts *facts);

#endif
