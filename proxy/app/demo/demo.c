/* SPDX-License-Identifier: MIT */
/* The command: which scenarios, one after the other, and how many of them do not agree. */
#include "proxy/app/demo/demo.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proxy/app/cli/cli.h"
#include "proxy/app/demo/print.h"
#include "proxy/app/demo/table.h"
#include "proxy/base/suggest.h"

/* Where servers and proxies listen. */
#define LOOPBACK "127.0.0.1:0"

static bool is_chosen(const struct scenario *scenario, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(names[i], scenario->name) == 0)
            return true;
    }
    return count == 0;
}

/* EXIT_USAGE after a complaint about the first name that nobody knows, EXIT_FINE without one. */
static int check_names(const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct suggest suggest;
        char meant[SUGGEST_TEXT_MAX];
        const struct scenario *scenario;
        if (scenario_find(names[i]) != NULL)
            continue;
        suggest_init(&suggest, names[i]);
        for (size_t j = 0; (scenario = scenario_at(j)) != NULL; j++)
            suggest_offer(&suggest, scenario->name);
        fprintf(stderr, "rudeproxy: there is no scenario '%s'%s 'rudeproxy demo list' lists them\n",
            names[i], suggest.best == NULL ? "," : suggest_text(&suggest, meant, sizeof meant));
        return EXIT_USAGE;
    }
    return EXIT_FINE;
}

/* How each scenario went, by its place in the catalogue. */
struct outcome {
    const struct scenario *scenario;
    enum demo_verdict verdict;
};

static size_t count_verdicts(const struct outcome *outcomes, size_t n, enum demo_verdict verdict)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        count += outcomes[i].verdict == verdict ? 1 : 0;
    return count;
}

static void print_summary(const struct demo_page *page, const struct outcome *outcomes, size_t n)
{
    const char *separator = ": ";
    demo_print_summary_head(page);
    for (size_t i = 0; i < n; i++)
        demo_print_summary_row(page, outcomes[i].scenario, outcomes[i].verdict);
    fprintf(page->out, "\n%zu scenarios", n);
    for (int verdict = 0; verdict < DEMO_VERDICTS; verdict++) {
        size_t count = count_verdicts(outcomes, n, (enum demo_verdict)verdict);
        if (count == 0)
            continue;
        fprintf(
            page->out, "%s%zu %s", separator, count, demo_verdict_name((enum demo_verdict)verdict));
        separator = ", ";
    }
    fputc('\n', page->out);
}

static void show(const struct demo_page *page, const struct demo_run *run)
{
    if (page->table)
        demo_table_row(page->out, run);
    else
        demo_print_run(page, run);
    fflush(page->out);
}

/* Runs and shows what was chosen. Returns how many, or 0 when out of memory. */
static size_t run_all(
    const struct demo_page *page, const char *const *names, size_t count, struct outcome *outcomes)
{
    struct demo_run *run = malloc(sizeof *run);
    const struct scenario *scenario;
    size_t n = 0;
    for (size_t i = 0; run != NULL && (scenario = scenario_at(i)) != NULL; i++) {
        if (!is_chosen(scenario, names, count))
            continue;
        demo_run_scenario(scenario, LOOPBACK, run);
        show(page, run);
        outcomes[n++] = (struct outcome){scenario, run->verdict};
    }
    free(run);
    return n;
}

static int run_chosen(const struct demo_page *page, const char *const *names, size_t count)
{
    struct outcome *outcomes = calloc(scenario_count(), sizeof *outcomes);
    size_t n = outcomes == NULL ? 0 : run_all(page, names, count, outcomes);
    if (n == 0)
        fputs("rudeproxy: out of memory\n", stderr);
    if (n > 1 && !page->table)
        print_summary(page, outcomes, n);
    size_t good = n == 0 ? 0
                         : count_verdicts(outcomes, n, DEMO_AGREE) +
                               count_verdicts(outcomes, n, DEMO_SKIPPED);
    free(outcomes);
    return n > 0 && good == n ? EXIT_FINE : EXIT_RUNTIME;
}

int demo_command(const char *const *names, size_t count)
{
    const char *no_colour = getenv("NO_COLOR"); /* no-color.org */
    bool table = count == 1 && strcmp(names[0], "table") == 0;
    const struct demo_page page = {
        .out = stdout,
        .table = table,
        .colour = isatty(STDOUT_FILENO) != 0 && (no_colour == NULL || no_colour[0] == '\0'),
    };
    if (count == 1 && strcmp(names[0], "list") == 0) {
        demo_print_list(&page);
        return EXIT_FINE;
    }
    signal(SIGCHLD, SIG_DFL); /* ignored by some parents: then nothing could be waited for */
    if (table)
        demo_table_head(page.out);
    count = table ? 0 : count;
    int status = check_names(names, count);
    return status == EXIT_FINE ? run_chosen(&page, names, count) : status;
}
