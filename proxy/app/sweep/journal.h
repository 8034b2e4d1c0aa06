/* SPDX-License-Identifier: MIT */
/*
 * A file with the outcome of every run, written when the run ends, so that a killed sweep
 * continues where it was (--resume). One JSON object a line; a torn last line is passed over.
 */
#ifndef RUDEPROXY_APP_SWEEP_JOURNAL_H
#define RUDEPROXY_APP_SWEEP_JOURNAL_H

#include "proxy/app/sweep/runner.h"
#include "proxy/base/err.h"
#include "proxy/base/must_check.h"

/* How every title begins; the seed follows. */
#define SWEEP_TITLE_SEED "seed "

struct sweep_journal;

/* Opens DIR/sweep.jsonl. With `resume`, `title` says which sweep it is of, and a journal of another
 * one is an error. NULL with err filled. */
MUST_CHECK struct sweep_journal *sweep_journal_open(
    const char *dir, const char *title, bool resume, struct err *err);
/* Empties it for a new sweep. Called when the files of an earlier one are gone: a sweep that is
 * killed before leaves the earlier journal. 0, or -1 with err filled. */
MUST_CHECK int sweep_journal_begin(
    struct sweep_journal *journal, const char *title, struct err *err);
void sweep_journal_close(struct sweep_journal *journal); /* NULL is allowed */

/* Writes one run down, with `evidence` also what it printed and its record. `key` names the case,
 * in UTF-8, `attempt` counts its runs from 0. */
void sweep_journal_add(struct sweep_journal *journal, const char *key, unsigned attempt,
    const struct sweep_job *job, bool evidence);

/* Writes down that numbers up to `run` are used. */
void sweep_journal_skip(struct sweep_journal *journal, unsigned run);

/* The seed of the sweep whose journal is in `dir`. false: it cannot be read. */
bool sweep_journal_seed(const char *dir, uint64_t *seed);

/* The highest number of a run that an earlier sweep made or skipped; 0: it made none. */
unsigned sweep_journal_last_run(const struct sweep_journal *journal);

/* Whether an earlier sweep made this run; then job->run, facts and evidence are its. */
bool sweep_journal_find(
    const struct sweep_journal *journal, const char *key, unsigned attempt, struct sweep_job *job);

#endif
