/* SPDX-License-Identifier: MIT */
/*
 * Happy path: learn what the command does without a fault, plan the first wave, run wave after wave
 * until no gap is left or the budget is spent, write the reports, print the map.
 *
 * - No baseline to stand on, or a run that cannot be made: one sentence, EXIT_RUNTIME.
 * - SIGINT or SIGTERM, or a budget of time that is over: what is known so far is printed and
 * written.
 */
#include "proxy/app/sweep/sweep.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proxy/app/cli/cli.h"
#include "proxy/app/sweep/journal.h"
#include "proxy/app/sweep/known.h"
#include "proxy/app/sweep/map.h"
#include "proxy/app/sweep/random.h"
#include "proxy/app/sweep/repeat.h"
#include "proxy/app/sweep/report.h"
#include "proxy/app/sweep/report_html.h"
#include "proxy/app/sweep/template.h"
#include "proxy/app/sweep/wave.h"
#include "proxy/base/hash.h"
#include "proxy/base/memory_file.h"
#include "proxy/base/utf8.h"
#include "proxy/net/timers.h"
#include "proxy/record/output_file.h"

#define TIMEOUT_BASELINES 5 /* a run may take five times as long as the baseline, */
#define TIMEOUT_MORE_US (2 * (uint64_t)US_PER_S) /* and two seconds more */

static int report(const char *text)
{
    fprintf(stderr, "rudeproxy: %s\n", text);
    return -1;
}

/* --- before the first run --- */

/* Whether the fault can act on a connection of some proxy. Its side may depend on the direction. */
static bool reaches_a_proxy(const struct sweep *sweep, size_t fault)
{
    for (size_t i = 0; i < sweep->config->proxy_count; i++) {
        for (int d = 0; d < 2; d++) {
            const struct sweep_place place = {
                .proxy = i, .connection = 1, .direction = (enum direction)d};
            if (sweep_template_fits(sweep, fault, &place))
                return true;
        }
    }
    return false;
}

/* A fault that fits no byte of any direction, or no proxy, is a mistake. */
static int check_faults(const struct sweep *sweep)
{
    int result = 0;
    for (size_t i = 0; i < sweep->options->fault_count; i++) {
        const struct sweep_place place = {.connection = 1, .direction = DIRECTION_DOWNSTREAM};
        struct fault made;
        struct err err;
        if (sweep_template_build(sweep->options->faults[i], &place, sweep->config, &made, &err) ==
            0) {
            if (reaches_a_proxy(sweep, i))
                continue;
            err_set(&err,
                "can act on no proxy of this sweep: a UNIX socket has no segments and its clients "
                "no addresses, and destinations = needs a proxy with intercept =");
        }
        fprintf(stderr, "rudeproxy: --sweep-fault '%s': %s\n", sweep->options->faults[i], err.text);
        result = -1;
    }
    return result;
}

/* A place that cannot be is found before the first run. */
static int check_only(const struct sweep *sweep)
{
    struct sweep_case only;
    struct err err;
    if (sweep->options->only == NULL ||
        sweep_case_parse(sweep, sweep->options->only, &only, &err) == 0)
        return 0;
    fprintf(stderr, "rudeproxy: --only: %s\n", err.text);
    return -1;
}

static int check_paths(const struct sweep_request *request, struct err *err)
{
    const struct {
        const char *option, *path;
    } rows[] = {{"--report", request->report_path}, {"--junit", request->junit_path},
        {"--html", request->options->html}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].path != NULL && output_file_probe(rows[i].option, rows[i].path, err) != 0)
            return -1;
    }
    return 0;
}

static void note_config(const struct sweep *sweep)
{
    if (sweep->config->fault_count > 0)
        fprintf(stderr, "rudeproxy: sweep leaves the %zu faults of the file out\n",
            sweep->config->fault_count);
}

/* Everything that decides what is swept, and how outcomes are judged. */
static void print_basis(const struct sweep *sweep, char *const *command, FILE *out)
{
    const struct sweep_options *options = sweep->options;
    config_print_settings(&sweep->config->settings, out);
    for (size_t i = 0; i < sweep->config->proxy_count; i++)
        config_print_proxy(&sweep->config->proxies[i], out);
    fprintf(out, "timeout %" PRIu64 " compare upstream %d", options->timeout_us,
        options->compare_upstream);
    fprintf(out, " setup %s%c check %s%c", options->setup != NULL ? options->setup : "", '\0',
        options->check != NULL ? options->check : "", '\0');
    fprintf(out, "pass %s%c", intercept_pass_name(&options->pass), '\0');
    for (size_t i = 0; i < options->compare_count; i++)
        fprintf(out, "compare %s%c", options->compares[i], '\0');
    for (size_t i = 0; i < options->fault_count; i++)
        fprintf(out, "fault %s%c", options->faults[i], '\0');
    for (size_t i = 0; command[i] != NULL; i++)
        fprintf(out, "%s%c", command[i], '\0');
}

/* A sweep can go on only if its basis is the same, of which the title has a hash. The words of the
 * command are for people. */
static int make_title(
    const struct sweep *sweep, char *const *command, char *buf, size_t size, struct err *err)
{
    struct memory_file file;
    size_t length;
    if (memory_file_open(&file) != 0)
        return err_set(err, "out of memory");
    print_basis(sweep, command, file.out);
    char *basis = memory_file_close(&file, &length);
    if (basis == NULL)
        return err_set(err, "out of memory");
    size_t used = (size_t)snprintf(buf, size, SWEEP_TITLE_SEED "%" PRIu64 ", basis %016" PRIx64 ":",
        sweep->seed, hash_bytes(HASH_BEGIN, basis, length));
    free(basis);
    for (size_t i = 0; command[i] != NULL && used < size; i++)
        used += (size_t)snprintf(buf + used, size - used, " %s", command[i]);
    utf8_disarm(buf);
    return 0;
}

static int open_journal(struct sweep *sweep, char *const *command, struct err *err)
{
    char title[4096];
    bool resume = sweep->options->resume != NULL;
    if (!resume && sweep->options->dir == NULL)
        return 0;
    if (make_title(sweep, command, title, sizeof title, err) != 0)
        return -1;
    sweep->journal = sweep_journal_open(sweep->runner.root, title, resume, err);
    if (sweep->journal == NULL)
        return -1;
    unsigned last = sweep_journal_last_run(sweep->journal);
    if (last > 0) /* runs without a line in the journal may have begun */
        last += SWEEP_BASELINE_RUNS + SWEEP_JOBS_MAX;
    sweep_runner_clean(&sweep->runner, last);
    if (!resume)
        return sweep_journal_begin(sweep->journal, title, err);
    if (last > 0)
        sweep_journal_skip(sweep->journal, last);
    sweep->runner.started = sweep->runner.resumed_at = last; /* no number is used twice */
    return 0;
}

/* --- the sweep --- */

static void set_timeout(struct sweep *sweep)
{
    if (sweep->options->timeout_us == 0)
        sweep->runner.timeout_us = TIMEOUT_BASELINES * sweep->baseline.longest_us + TIMEOUT_MORE_US;
}

static uint64_t budget_left(const struct sweep *sweep)
{
    return sweep->options->budget > sweep->cases.count ? sweep->options->budget - sweep->cases.count
                                                       : 0;
}

static int run_plan(struct sweep *sweep, struct err *err)
{
    int result;
    sweep_cases_begin(
        &sweep->cases, &sweep->baseline.seen, sweep->options->budget, sweep_template_fits, sweep);
    do {
        result = sweep_wave_run(sweep, err);
    } while (result == 0 && sweep_cases_refine(&sweep->cases, budget_left(sweep),
                                sweep->baseline.status_stable, sweep->baseline.output_stable) > 0);
    if (sweep->cases.out_of_memory)
        return err_set(err, "out of memory");
    return result;
}

static int run_only(struct sweep *sweep, struct err *err)
{
    struct sweep_case only;
    if (sweep_case_parse(sweep, sweep->options->only, &only, err) != 0)
        return -1;
    for (size_t i = 0; i <= only.more_count; i++)
        sweep_cases_locate(
            i == 0 ? &only.pick.place : &only.more[i - 1].place, &sweep->baseline.seen);
    struct sweep_case *added = sweep_cases_add(&sweep->cases, &only.pick.place, only.pick.fault);
    if (added == NULL)
        return err_set(err, "out of memory");
    *added = only;
    sweep->cases.place_total = 1;
    return sweep_wave_run(sweep, err);
}

/* 0; 1: cut short; -1 with err filled. */
static int run_all(struct sweep *sweep, struct err *err)
{
    int result = sweep_baseline_make(&sweep->baseline, &sweep->runner, stderr, err);
    if (result != 0)
        return result;
    set_timeout(sweep);
    if (sweep->options->budget_us != UINT64_MAX)
        sweep->deadline = time_add(timers_now(), sweep->options->budget_us);
    if (sweep->options->only != NULL)
        return run_only(sweep, err);
    return sweep->options->random > 0 ? sweep_random_run(sweep, err) : run_plan(sweep, err);
}

/* --- the end --- */

/* Says why a report could not be written. Returns `result`. */
static int check_written(int result, const struct err *err)
{
    if (result != 0)
        report(err->text);
    return result;
}

static int write_reports(const struct sweep *sweep, const struct sweep_request *request)
{
    const struct sweep_options *options = request->options;
    struct err err;
    int result = 0;
    if (request->report_path != NULL)
        result |= check_written(sweep_report_write(sweep, request->report_path, &err), &err);
    if (request->junit_path != NULL)
        result |= check_written(sweep_report_write_junit(sweep, request->junit_path, &err), &err);
    if (options->html != NULL)
        result |= check_written(sweep_report_html_write(sweep, options->html, &err), &err);
    if (sweep->runner.keep)
        result |= check_written(sweep_report_write_files(sweep, &err), &err);
    return result;
}

static void forget_undone(struct sweep_cases *cases)
{
    size_t kept = 0;
    for (size_t i = 0; i < cases->count; i++) {
        if (cases->list[i].done)
            cases->list[kept++] = cases->list[i];
    }
    cases->count = kept;
}

static int conclude(struct sweep *sweep, const struct sweep_request *request)
{
    size_t bad = 0;
    const char *no_colour = getenv("NO_COLOR"); /* no-color.org */
    bool colour = isatty(STDOUT_FILENO) && (no_colour == NULL || no_colour[0] == '\0');
    forget_undone(&sweep->cases);
    if (sweep->cases.count > 0)
        qsort(
            sweep->cases.list, sweep->cases.count, sizeof sweep->cases.list[0], sweep_case_compare);
    for (size_t i = 0; i < sweep->cases.count; i++)
        bad += sweep->cases.list[i].bad;
    int written = write_reports(sweep, request);
    sweep_map_print(sweep, stdout, colour); /* last: the reader of a pipe may be gone */
    if (written != 0 || sweep_runner_was_interrupted())
        return EXIT_RUNTIME;
    return bad > 0 ? EXIT_BAD : EXIT_FINE;
}

static int run_opened(struct sweep *sweep, const struct sweep_request *request)
{
    struct err err;
    if (open_journal(sweep, request->command, &err) != 0) {
        report(err.text);
        return EXIT_RUNTIME;
    }
    int result = run_all(sweep, &err);
    sweep->cut_short = result != 0;
    if (result < 0) { /* a full disk, say: what is known is not lost */
        if (sweep->cases.count > 0)
            conclude(sweep, request);
        report(err.text);
        return EXIT_RUNTIME;
    }
    return conclude(sweep, request);
}

static int run_checked(struct sweep *sweep, const struct sweep_request *request)
{
    struct err err;
    if (request->options->known != NULL) {
        sweep->known = sweep_known_read(request->options->known, &err);
        if (sweep->known == NULL) {
            report(err.text);
            return EXIT_USAGE;
        }
    }
    int status = EXIT_RUNTIME;
    if (sweep_runner_open(&sweep->runner, sweep->config, sweep->options, request->command,
            request->origin, &err) != 0)
        report(err.text);
    else
        status = run_opened(sweep, request);
    sweep_runner_close(&sweep->runner);
    sweep_journal_close(sweep->journal);
    sweep_known_free(sweep->known);
    return status;
}

int sweep_run(const struct sweep_request *request)
{
    struct sweep sweep = {
        .config = request->config,
        .options = request->options,
        .seed = request->config->settings.seed,
        .deadline = TIME_NEVER,
    };
    struct err err;
    sweep_cases_init(&sweep.cases, request->options->fault_count);
    if (check_faults(&sweep) != 0 || check_only(&sweep) != 0)
        return EXIT_USAGE;
    if (check_paths(request, &err) != 0) {
        report(err.text);
        return EXIT_RUNTIME;
    }
    note_config(&sweep);
    int status = run_checked(&sweep, request);
    sweep_baseline_free(&sweep.baseline);
    sweep_cases_deinit(&sweep.cases);
    return status;
}
