/* SPDX-License-Identifier: MIT */
#include "proxy/app/sweep/baseline.h"

#include <inttypes.h>
#include <string.h>

#include "proxy/base/clock.h"

/* --- whether two runs are the same --- */

struct comparison {
    const struct config *config;
    FILE *notes;
    bool same;
};

static void differ(struct comparison *comparison, const struct seen_connection *connection,
    const char *what, uint64_t a, uint64_t b)
{
    comparison->same = false;
    fprintf(comparison->notes,
        "rudeproxy: the runs without a fault differ: %s#%" PRIu64 " has %" PRIu64 " and %" PRIu64
        " %s\n",
        comparison->config->proxies[connection->proxy].name, connection->number, a, b, what);
}

static void compare_connection(
    struct comparison *comparison, const struct seen_connection *a, const struct seen_connection *b)
{
    static const char *const bytes[] = {"bytes upstream", "bytes downstream"};
    static const char *const messages[] = {"messages upstream", "messages downstream"};
    for (int d = 0; d < 2; d++) {
        if (a->bytes[d] != b->bytes[d])
            differ(comparison, a, bytes[d], a->bytes[d], b->bytes[d]);
        if (a->message_count[d] != b->message_count[d])
            differ(comparison, a, messages[d], a->message_count[d], b->message_count[d]);
        if (strcmp(a->ended[d], b->ended[d]) == 0)
            continue;
        comparison->same = false;
        fprintf(comparison->notes,
            "rudeproxy: the runs without a fault differ: the %s of %s#%" PRIu64
            " ended with %s and with %s\n",
            side_name((enum side)d), comparison->config->proxies[a->proxy].name, a->number,
            a->ended[d], b->ended[d]);
    }
}

static void compare_connections(
    struct comparison *comparison, const struct observation *a, const struct observation *b)
{
    if (a->count != b->count) {
        comparison->same = false;
        fprintf(comparison->notes,
            "rudeproxy: the runs without a fault differ: %zu and %zu connections\n", a->count,
            b->count);
    }
    for (size_t i = 0; i < a->count; i++) {
        const struct seen_connection *other =
            observation_find(b, a->connections[i].proxy, a->connections[i].number);
        if (other != NULL)
            compare_connection(comparison, &a->connections[i], other);
    }
}

static void baseline_compare(struct sweep_baseline *baseline, const struct sweep_job *other,
    const struct sweep_runner *runner, FILE *notes)
{
    struct comparison comparison = {.config = runner->config, .notes = notes, .same = true};
    compare_connections(&comparison, &baseline->seen, &other->seen);
    if (run_facts_status(&baseline->facts) != run_facts_status(&other->facts)) {
        comparison.same = baseline->status_stable = false;
        fprintf(notes,
            "rudeproxy: the runs without a fault differ in their exit status, %d and %d: it is "
            "not compared\n",
            run_facts_status(&baseline->facts), run_facts_status(&other->facts));
    }
    if (baseline->facts.output != other->facts.output) {
        comparison.same = baseline->output_stable = false;
        fputs(
            "rudeproxy: the runs without a fault differ in their output: output is not compared\n",
            notes);
    }
    if (!comparison.same)
        baseline->stable = false;
}

/* --- the runs --- */

static int check(const struct sweep_runner *runner, const struct sweep_job *job, struct err *err)
{
    int signum = run_facts_signal(&job->facts);
    if (observation_reached_nothing(&job->seen))
        return err_set(err, "without a fault, no connection of %s reached its upstream: %s",
            runner->command[0], job->seen.unreachable);
    if (job->facts.timed_out)
        return err_set(err, "without a fault, %s did not end in %.0f s: see --timeout",
            runner->command[0], (double)runner->timeout_us / US_PER_S);
    if (signum != 0)
        return err_set(err, "without a fault, %s is killed by signal %d (%s)", runner->command[0],
            signum, strsignal(signum));
    if (job->facts.check_failed)
        return err_set(err, "the check fails without a fault: a sweep would find only that");
    if (job->seen.count == 0)
        return err_set(err,
            "%s exited with %d and connected to no proxy: it finds their addresses in the "
            "environment, RUDEPROXY_<NAME>_ADDR",
            runner->command[0], run_facts_status(&job->facts));
    return 0;
}

/* A command may exit so on purpose. More often it does not work here at all. */
static void note_status(const struct sweep_runner *runner, const struct run_facts *facts, FILE *out)
{
    int status = run_facts_status(facts);
    if (status != 0)
        fprintf(out, "rudeproxy: without a fault, %s exits with %d\n", runner->command[0], status);
}

/* It may be a file that only a failure makes. More often its name is wrong. */
static void note_unwritten(const struct sweep_runner *runner, uint64_t unwritten, FILE *out)
{
    for (size_t i = 0; i < runner->options->compare_count; i++) {
        if ((unwritten >> i & 1) != 0)
            fprintf(out, "rudeproxy: without a fault, no run writes the file %s of --compare\n",
                runner->options->compares[i]);
    }
}

static void baseline_take(struct sweep_baseline *baseline, struct sweep_job *job,
    const struct sweep_runner *runner, int i, FILE *notes)
{
    if (job->facts.duration_us > baseline->longest_us)
        baseline->longest_us = job->facts.duration_us;
    if (i == 0) {
        baseline->facts = job->facts;
        baseline->seen = job->seen;
        note_status(runner, &job->facts, notes);
        return;
    }
    baseline_compare(baseline, job, runner, notes);
    observation_free(&job->seen);
}

int sweep_baseline_make(
    struct sweep_baseline *baseline, struct sweep_runner *runner, FILE *notes, struct err *err)
{
    *baseline =
        (struct sweep_baseline){.stable = true, .status_stable = true, .output_stable = true};
    runner->timeout_us =
        runner->options->timeout_us > 0 ? runner->options->timeout_us : SWEEP_LONGEST_US;
    uint64_t unwritten = UINT64_MAX;
    for (int i = 0; i < SWEEP_BASELINE_RUNS;
         i++) { /* one after the other: no run disturbs another */
        struct sweep_job job = {.observe = true};
        int result = sweep_runner_run(runner, &job, 1, TIME_NEVER, err);
        sweep_evidence_free(&job.evidence);
        if (result == 0)
            result = check(runner, &job, err);
        if (result != 0) {
            observation_free(&job.seen);
            return result;
        }
        baseline_take(baseline, &job, runner, i, notes);
        unwritten &= job.unwritten;
    }
    note_unwritten(runner, unwritten, notes);
    return 0;
}

void sweep_baseline_free(struct sweep_baseline *baseline)
{
    observation_free(&baseline->seen);
}
