/* SPDX-License-Identifier: MIT */
/*
 * A wave runs in two rounds. In the first each case runs once. In the second those that look bad
 * run SWEEP_CONFIRMATIONS times more; one whose outcomes differ is flaky. A case in the
 * journal of an earlier sweep is not run again. If runs side by side turn out to share a file, the
 * first round is made again, one run at a time.
 */
#include "proxy/app/sweep/wave.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proxy/app/sweep/journal.h"
#include "proxy/app/sweep/known.h"
#include "proxy/app/sweep/repeat.h"
#include "proxy/base/utf8.h"
#include "proxy/net/timers.h"

/* Whether an outcome is bad by the options. */
static bool is_bad(const struct sweep *sweep, enum sweep_outcome outcome)
{
    const unsigned bad = 1u << OUTCOME_HUNG | 1u << OUTCOME_CRASHED | 1u << OUTCOME_CHECK_FAILED |
                         1u << OUTCOME_DIFFERENT |
                         (sweep->options->expect_same ? 1u << OUTCOME_FAILED : 0);
    return (bad & ~sweep->options->allowed & 1u << outcome) != 0;
}

static enum sweep_outcome classify(const struct sweep *sweep, const struct run_facts *facts)
{
    return outcome_classify(facts, &sweep->baseline.facts, sweep->baseline.status_stable,
        sweep->baseline.output_stable);
}

/* --- progress --- */

static void clear_progress(void)
{
    if (isatty(STDERR_FILENO))
        fputs("\r\033[K", stderr);
}

/* Whether runs side by side overwrite each other's file of --compare. */
static bool shares_file(const struct sweep *sweep)
{
    return sweep->runner.shared_file != NULL && sweep->runner.jobs > 1 &&
           sweep->baseline.output_stable;
}

static void keep_apart(struct sweep *sweep)
{
    struct sweep_runner *runner = &sweep->runner;
    if (!shares_file(sweep))
        return;
    clear_progress();
    fprintf(stderr,
        "rudeproxy: the runs share the file %s, which is not in RUDEPROXY_RUN_DIR: one run at a "
        "time\n",
        runner->shared_file);
    runner->jobs = 1;
}

static void show_progress(const struct sweep *sweep)
{
    if (!isatty(STDERR_FILENO))
        return;
    double spent = (double)(timers_now() - sweep->wave_began) / US_PER_S;
    double left = spent / (double)sweep->wave_done * (double)(sweep->wave_count - sweep->wave_done);
    fprintf(stderr, "\r\033[Ksweep: %zu of %zu runs of this wave, about %.0f s left",
        sweep->wave_done, sweep->wave_count, left);
}

/* --- rounds --- */

/* The runs of one round. cases[i] and attempts[i] belong to jobs[i]. */
struct round {
    struct sweep *sweep;
    struct sweep_job *jobs;    /* owned */
    struct sweep_case **cases; /* owned */
    unsigned *attempts;        /* owned */
    size_t count;
};

static void fill_job(struct sweep_job *job, const struct sweep_case *tried)
{
    *job = (struct sweep_job){.pick_count = tried->more_count + 1};
    job->picks[0] = tried->pick;
    memcpy(job->picks + 1, tried->more, tried->more_count * sizeof tried->more[0]);
}

static void take_result(
    struct sweep_case *tried, struct sweep_job *job, unsigned attempt, enum sweep_outcome outcome)
{
    if (attempt > 0) {
        if (outcome != tried->outcome)
            tried->outcome = OUTCOME_FLAKY;
        sweep_evidence_free(&job->evidence);
        return;
    }
    tried->facts = job->facts;
    tried->run = job->run;
    tried->outcome = outcome;
    tried->done = true;
    sweep_evidence_move(&tried->evidence, &job->evidence);
}

/* Returns the name of a case in the journal, which is UTF-8. */
static const char *journal_key(
    const struct sweep *sweep, const struct sweep_case *tried, char *buf, size_t size)
{
    sweep_case_format(sweep, tried, buf, size);
    utf8_disarm(buf);
    return buf;
}

/* Adds a run of a case, unless the journal has it. */
static void add_run(struct round *round, struct sweep_case *tried, unsigned attempt)
{
    struct sweep *sweep = round->sweep;
    struct sweep_job *job = &round->jobs[round->count];
    char key[SWEEP_CASE_TEXT_MAX];
    fill_job(job, tried);
    if (sweep->journal != NULL && sweep_journal_find(sweep->journal,
                                      journal_key(sweep, tried, key, sizeof key), attempt, job)) {
        take_result(tried, job, attempt, classify(sweep, &job->facts));
        return;
    }
    round->cases[round->count] = tried;
    round->attempts[round->count++] = attempt;
}

/* Writes the outcome to the journal at once, so that it survives a kill. The evidence goes there,
 * too, unless the outcome is `same`: a sweep that is resumed may have other options for its
 * reports. */
static void on_run_done(void *user, struct sweep_job *job)
{
    const struct round *round = user;
    struct sweep *sweep = round->sweep;
    size_t i = (size_t)(job - round->jobs);
    char key[SWEEP_CASE_TEXT_MAX];
    sweep->wave_done++;
    show_progress(sweep);
    if (sweep->journal != NULL && !shares_file(sweep)) /* else it is run again: run_apart() */
        sweep_journal_add(sweep->journal, journal_key(sweep, round->cases[i], key, sizeof key),
            round->attempts[i], job,
            round->attempts[i] == 0 && classify(sweep, &job->facts) != OUTCOME_SAME);
}

static void take_runs(struct round *round)
{
    struct sweep *sweep = round->sweep;
    for (size_t i = 0; i < round->count; i++) {
        struct sweep_job *job = &round->jobs[i];
        if (!job->done) {
            sweep_evidence_free(&job->evidence);
            continue;
        }
        take_result(round->cases[i], job, round->attempts[i], classify(sweep, &job->facts));
    }
}

/* Runs what was added, takes the results, frees the round. */
static int finish_round(struct round *round, uint64_t deadline, struct err *err)
{
    struct sweep *sweep = round->sweep;
    sweep->wave_count = round->count;
    sweep->wave_done = 0;
    sweep->wave_began = timers_now();
    keep_apart(sweep);
    sweep->runner.on_done = on_run_done;
    sweep->runner.user = round;
    int result = sweep_runner_run(&sweep->runner, round->jobs, round->count, deadline, err);
    take_runs(round);
    free(round->jobs);
    free(round->cases);
    free(round->attempts);
    return result;
}

static int begin_round(struct round *round, struct sweep *sweep, size_t most, struct err *err)
{
    *round = (struct round){.sweep = sweep};
    if (most == 0)
        return 0;
    round->jobs = calloc(most, sizeof round->jobs[0]);
    round->cases = calloc(most, sizeof(struct sweep_case *));
    round->attempts = calloc(most, sizeof round->attempts[0]);
    if (round->jobs != NULL && round->cases != NULL && round->attempts != NULL)
        return 0;
    free(round->jobs);
    free(round->cases);
    free(round->attempts);
    return err_set(err, "out of memory");
}

static int run_once(struct sweep *sweep, struct sweep_case *cases, size_t count, struct err *err)
{
    struct round round;
    if (begin_round(&round, sweep, count, err) != 0)
        return -1;
    for (size_t i = 0; i < count; i++) {
        if (!cases[i].done)
            add_run(&round, &cases[i], 0);
    }
    return finish_round(&round, sweep->deadline, err);
}

/* Runs the new cases once more, one at a time: their runs were side by side when the first of them
 * wrote a file that they share. A result stays until the new one is there. */
static int run_apart(struct sweep *sweep, struct sweep_case *cases, const bool *is_new,
    size_t count, struct err *err)
{
    struct round round;
    if (begin_round(&round, sweep, count, err) != 0)
        return -1;
    for (size_t i = 0; i < count; i++) {
        if (is_new[i])
            add_run(&round, &cases[i], 0);
    }
    return finish_round(&round, sweep->deadline, err);
}

/* Runs the bad cases again, also past the deadline: a case that was run once may be flaky.
 * `is_new[i]`: the case was run in this wave. */
static int confirm(struct sweep *sweep, struct sweep_case *cases, const bool *is_new, size_t count,
    struct err *err)
{
    struct round round;
    if (begin_round(&round, sweep, count * SWEEP_CONFIRMATIONS, err) != 0)
        return -1;
    for (size_t i = 0; i < count; i++) {
        if (!is_new[i] || !cases[i].done || !is_bad(sweep, cases[i].outcome))
            continue;
        for (unsigned attempt = 1; attempt <= SWEEP_CONFIRMATIONS; attempt++)
            add_run(&round, &cases[i], attempt);
    }
    return finish_round(&round, TIME_NEVER, err);
}

/* Keeps the output and record of a case only where somebody will look at them: all of them would
 * fill the memory of a large sweep. */
void sweep_wave_settle(struct sweep *sweep, struct sweep_case *tried)
{
    tried->bad = is_bad(sweep, tried->outcome) &&
                 (sweep->known == NULL ||
                     !sweep_known_has(sweep->known, tried, sweep->config, sweep->options->faults));
    if (tried->bad || (sweep->options->html != NULL && tried->outcome != OUTCOME_SAME))
        return;
    sweep_evidence_free(&tried->evidence);
}

static int run_cases(struct sweep *sweep, struct sweep_case *cases, size_t count, struct err *err)
{
    bool *is_new = calloc(count > 0 ? count : 1, sizeof is_new[0]);
    if (is_new == NULL)
        return err_set(err, "out of memory");
    for (size_t i = 0; i < count; i++)
        is_new[i] = !cases[i].done;
    int result = run_once(sweep, cases, count, err);
    if (result == 0 && count > 1 && shares_file(sweep))
        result = run_apart(sweep, cases, is_new, count, err);
    if (result >= 0 && !sweep_runner_was_interrupted()) {
        int confirmed = confirm(sweep, cases, is_new, count, err);
        result = confirmed != 0 ? confirmed : result;
    }
    for (size_t i = 0; i < count; i++) {
        if (is_new[i] && cases[i].done)
            sweep_wave_settle(sweep, &cases[i]);
    }
    free(is_new);
    clear_progress();
    return result;
}

int sweep_wave_run(struct sweep *sweep, struct err *err)
{
    return run_cases(sweep, sweep->cases.list, sweep->cases.count, err);
}

int sweep_wave_try(struct sweep *sweep, struct sweep_case *tried, struct err *err)
{
    return run_cases(sweep, tried, 1, err);
}
