/* SPDX-License-Identifier: MIT */
/*
 * A line of the map is a lane: one fault in one direction of one connection. A cell is a place, in
 * the order of the offsets; where there are more places than cells, a cell shows the worst of its
 * places.
 */
#include "proxy/app/sweep/map.h"

#include <inttypes.h>
#include <string.h>

#include "proxy/app/sweep/repeat.h"
#include "proxy/app/sweep/sweep.h"

#define LABEL_WIDTH 34
#define CELL_COUNT 44 /* LABEL_WIDTH, a blank and the cells: 79 columns */

/* ECMA-48 colours of the outcomes; "": the terminal's own. */
static const char *const colours[OUTCOME_COUNT] = {
    [OUTCOME_NOT_REACHED] = "\033[2m",
    [OUTCOME_HUNG] = "\033[35m",
    [OUTCOME_CRASHED] = "\033[31m",
    [OUTCOME_CHECK_FAILED] = "\033[31m",
    [OUTCOME_FAILED] = "\033[33m",
    [OUTCOME_DIFFERENT] = "\033[31m",
    [OUTCOME_SAME] = "\033[32m",
    [OUTCOME_FLAKY] = "\033[36m",
};

/* From harmless to bad: what a cell with several places shows. */
static const int severity[OUTCOME_COUNT] = {
    [OUTCOME_SAME] = 1,
    [OUTCOME_NOT_REACHED] = 0,
    [OUTCOME_FAILED] = 2,
    [OUTCOME_FLAKY] = 3,
    [OUTCOME_DIFFERENT] = 4,
    [OUTCOME_HUNG] = 5,
    [OUTCOME_CHECK_FAILED] = 6,
    [OUTCOME_CRASHED] = 7,
};

static void print_cell(enum sweep_outcome outcome, FILE *out, bool colour)
{
    if (colour)
        fprintf(out, "%s%c\033[0m", colours[outcome], outcome_letter(outcome));
    else
        fputc(outcome_letter(outcome), out);
}

/* --- the map --- */

static bool same_lane(const struct sweep_case *a, const struct sweep_case *b)
{
    return a->pick.place.proxy == b->pick.place.proxy &&
           a->pick.place.connection == b->pick.place.connection &&
           a->pick.place.direction == b->pick.place.direction && a->pick.fault == b->pick.fault;
}

/* Index behind the last case of the lane that begins at `from`. */
static size_t lane_end(const struct sweep_cases *cases, size_t from)
{
    size_t end = from;
    while (end < cases->count && same_lane(&cases->list[from], &cases->list[end]))
        end++;
    return end;
}

static enum sweep_outcome worst(const struct sweep_case *cases, size_t from, size_t to)
{
    enum sweep_outcome found = OUTCOME_NOT_REACHED;
    for (size_t i = from; i < to; i++) {
        if (cases[i].done && severity[cases[i].outcome] > severity[found])
            found = cases[i].outcome;
    }
    return found;
}

static void print_lane(const struct sweep *sweep, size_t from, size_t to, FILE *out, bool colour)
{
    const struct sweep_case *cases = sweep->cases.list;
    const struct sweep_place *place = &cases[from].pick.place;
    size_t count = to - from, cells = count < CELL_COUNT ? count : CELL_COUNT;
    char label[256];
    snprintf(label, sizeof label, "%.12s#%" PRIu64 " %s %s",
        sweep->config->proxies[place->proxy].name, place->connection,
        place->direction == DIRECTION_UPSTREAM ? "up  " : "down",
        sweep->options->faults[cases[from].pick.fault]);
    fprintf(out, "%-*.*s ", LABEL_WIDTH, LABEL_WIDTH, label);
    for (size_t i = 0; i < cells; i++)
        print_cell(
            worst(cases, from + i * count / cells, from + (i + 1) * count / cells), out, colour);
    fputc('\n', out);
}

static void print_legend(const struct sweep *sweep, FILE *out, bool colour)
{
    fputc('\n', out);
    for (int i = 0; i < OUTCOME_COUNT; i++) {
        size_t count = 0;
        for (size_t k = 0; k < sweep->cases.count; k++)
            count += sweep->cases.list[k].done && (int)sweep->cases.list[k].outcome == i;
        if (count == 0)
            continue;
        fputs("  ", out);
        print_cell((enum sweep_outcome)i, out, colour);
        fprintf(out, " %-13s %6zu  %s\n", outcome_name((enum sweep_outcome)i), count,
            outcome_summary((enum sweep_outcome)i));
    }
}

/* --- the bad ones --- */

/* Cases that follow each other in a lane with the same bad end are one group. A case with several
 * faults is a group of its own. */
static size_t group_end(const struct sweep_cases *cases, size_t from)
{
    const struct sweep_case *first = &cases->list[from];
    size_t end = from + 1;
    while (end < cases->count && first->more_count == 0 && cases->list[end].more_count == 0 &&
           same_lane(first, &cases->list[end]) && cases->list[end].bad &&
           cases->list[end].outcome == first->outcome &&
           run_facts_status(&cases->list[end].facts) == run_facts_status(&first->facts) &&
           run_facts_signal(&cases->list[end].facts) == run_facts_signal(&first->facts))
        end++;
    return end;
}

static void print_point(const struct sweep_place *place, FILE *out)
{
    if (place->at_fin)
        fprintf(out, "the FIN (byte %" PRIu64 ")", place->offset);
    else
        fprintf(out, "byte %" PRIu64, place->offset);
    if (place->withheld)
        fprintf(out, " (message %" PRIu64 " withheld)", place->message);
    else if (place->message > 0)
        fprintf(out, " (message %" PRIu64 ")", place->message);
}

static void print_group(const struct sweep *sweep, size_t from, size_t to, FILE *out)
{
    const struct sweep_case *first = &sweep->cases.list[from], *last = &sweep->cases.list[to - 1];
    int status = run_facts_status(&first->facts), signal = run_facts_signal(&first->facts);
    fprintf(out, "\n%s: %s, %s#%" PRIu64 " %s, at ", outcome_name(first->outcome),
        sweep->options->faults[first->pick.fault],
        sweep->config->proxies[first->pick.place.proxy].name, first->pick.place.connection,
        direction_name(first->pick.place.direction));
    print_point(&first->pick.place, out);
    if (to - from > 1) {
        fputs(" to ", out);
        print_point(&last->pick.place, out);
        fprintf(out, ", %zu places", to - from);
    }
    for (size_t i = 0; i < first->more_count; i++) {
        char text[SWEEP_PLACE_TEXT_MAX];
        fprintf(out, "\n  and %s at %s", sweep->options->faults[first->more[i].fault],
            sweep_place_format(&first->more[i].place, sweep->config, text, sizeof text));
    }
    if (status >= 0)
        fprintf(out, "; exit status %d", status);
    if (signal > 0)
        fprintf(out, "; signal %d (%s)", signal, strsignal(signal));
    fputs("\n  ", out);
    sweep_repeat_print(sweep, first, out);
    fputc('\n', out);
}

static void print_totals(const struct sweep *sweep, FILE *out)
{
    size_t tried = 0, bad = 0;
    for (size_t i = 0; i < sweep->cases.count; i++) {
        tried += sweep->cases.list[i].done;
        bad += sweep->cases.list[i].bad;
    }
    fprintf(out, "\nTried %zu of %" PRIu64 " places in %u runs: %zu bad%s.\n", tried,
        sweep->cases.place_total, sweep->runner.started - sweep->runner.resumed_at, bad,
        sweep->cut_short ? " (stopped before the plan was done)" : "");
}

void sweep_map_print(const struct sweep *sweep, FILE *out, bool colour)
{
    const struct sweep_cases *cases = &sweep->cases;
    for (size_t i = 0; i < cases->count && sweep->options->random == 0;) {
        size_t end = lane_end(cases, i);
        print_lane(sweep, i, end, out, colour);
        i = end;
    }
    print_legend(sweep, out, colour);
    for (size_t i = 0; i < cases->count;) {
        size_t end = cases->list[i].bad ? group_end(cases, i) : i + 1;
        if (cases->list[i].bad)
            print_group(sweep, i, end, out);
        i = end;
    }
    print_totals(sweep, out);
}
