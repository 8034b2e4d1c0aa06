/* SPDX-License-Identifier: MIT */
/*
 * The table of a scenario has two columns of cells. A cell is one line of a transcript, wrapped at
 * blanks; what is not compared (byte counts) is put in brackets behind the text. The
 * victim's lines stand opposite each other, since its steps are the same in both runs; the other
 * end's lines are just two lists.
 */
#include "proxy/app/demo/print.h"

#include <string.h>

#define PAGE_COLUMNS 100
#define TEXT_INDENT 2

#define LABEL_COLUMNS 10
#define CELL_COLUMNS 41
#define CELL_LINES 5 /* of a transcript's line: 112 + 64 bytes in CELL_COLUMNS, with room */

enum ink { INK_PLAIN, INK_BOLD, INK_GOOD, INK_BAD, INK_FAINT };

static const char *const inks[] = {
    [INK_PLAIN] = "",
    [INK_BOLD] = "\x1b[1m",
    [INK_GOOD] = "\x1b[32m",
    [INK_BAD] = "\x1b[1;31m",
    [INK_FAINT] = "\x1b[2m",
};

static void print_begin(const struct demo_page *page, enum ink ink)
{
    if (page->colour)
        fputs(inks[ink], page->out);
}

static void end(const struct demo_page *page, enum ink ink)
{
    if (page->colour && ink != INK_PLAIN)
        fputs("\x1b[0m", page->out);
}

static void print_put(const struct demo_page *page, enum ink ink, const char *text)
{
    print_begin(page, ink);
    fputs(text, page->out);
    end(page, ink);
}

/* How many bytes of `text` go on a line of `width`: up to a blank where there is one. */
static size_t fit(const char *text, size_t width)
{
    size_t length = strlen(text);
    if (length <= width)
        return length;
    size_t cut = width;
    while (cut > 0 && text[cut] != ' ')
        cut--;
    return cut > 0 ? cut : width;
}

/* A paragraph behind `label`, which the following lines are indented by. */
static void put_paragraph(const struct demo_page *page, const char *label, const char *text)
{
    int indent = TEXT_INDENT + (int)strlen(label);
    fprintf(page->out, "%*s%s", TEXT_INDENT, "", label);
    while (*text != '\0') {
        size_t n = fit(text, (size_t)(PAGE_COLUMNS - indent));
        fprintf(page->out, "%.*s\n", (int)n, text);
        text += n;
        text += strspn(text, " ");
        if (*text != '\0')
            fprintf(page->out, "%*s", indent, "");
    }
}

/* The lines of one end that are worth showing. */
struct column {
    const struct transcript_line *lines[TRANSCRIPT_LINES];
    size_t n;
};

static void choose_lines(struct column *column, const struct transcript *transcript)
{
    column->n = 0;
    for (size_t i = 0; i < transcript->n; i++) {
        if (!transcript->lines[i].quiet)
            column->lines[column->n++] = &transcript->lines[i];
    }
}

struct cell {
    char lines[CELL_LINES][CELL_COLUMNS + 1];
    size_t n;
};

static void fill_cell(struct cell *cell, const struct column *column, size_t i)
{
    char text[sizeof(struct transcript_line) + 4];
    const char *rest = text;
    cell->n = 0;
    if (i >= column->n)
        return;
    const struct transcript_line *line = column->lines[i];
    bool aside = line->aside[0] != '\0';
    snprintf(text, sizeof text, "%s%s%s%s", line->text, aside ? " (" : "", line->aside,
        aside ? ")" : "");
    while (*rest != '\0' && cell->n < CELL_LINES) {
        int indent = cell->n == 0 ? 0 : 2;
        size_t n = fit(rest, (size_t)(CELL_COLUMNS - indent));
        snprintf(
            cell->lines[cell->n++], sizeof cell->lines[0], "%*s%.*s", indent, "", (int)n, rest);
        rest += n;
        rest += strspn(rest, " ");
    }
}

static const char *cell_line(const struct cell *cell, size_t i)
{
    return i < cell->n ? cell->lines[i] : "";
}

static void put_row(
    const struct demo_page *page, const char *label, char mark, const struct cell cells[2])
{
    size_t n = cells[0].n > cells[1].n ? cells[0].n : cells[1].n;
    for (size_t i = 0; i < n; i++) {
        enum ink ink = mark == '!' ? INK_BAD : INK_PLAIN;
        fprintf(page->out, "  %-*s", LABEL_COLUMNS, i == 0 ? label : "");
        print_begin(page, ink);
        fprintf(page->out, "%c %-*s", i == 0 ? mark : ' ', CELL_COLUMNS, cell_line(&cells[0], i));
        end(page, ink);
        fputs(" | ", page->out);
        print_put(page, ink, cell_line(&cells[1], i));
        fputc('\n', page->out);
    }
}

static bool is_same(const struct column *a, const struct column *b, size_t i)
{
    return i < a->n && i < b->n && strcmp(a->lines[i]->text, b->lines[i]->text) == 0;
}

static const char *actor_name(enum peer_actor actor)
{
    return actor == PEER_CLIENT ? "client" : "server";
}

static void put_actor(
    const struct demo_page *page, const struct demo_run *run, enum peer_actor actor)
{
    bool victim = actor == run->scenario->victim;
    const char *labels[] = {actor_name(actor), victim ? "(victim)" : ""};
    struct column native, proxied;
    choose_lines(&native, &run->native[actor]);
    choose_lines(&proxied, &run->proxied[actor]);
    size_t n = native.n > proxied.n ? native.n : proxied.n;
    for (size_t i = 0; i < n; i++) {
        struct cell cells[2];
        fill_cell(&cells[0], &native, i);
        fill_cell(&cells[1], &proxied, i);
        char mark = victim && !is_same(&native, &proxied, i) ? '!' : ' ';
        put_row(page, i < 2 ? labels[i] : "", mark, cells);
    }
}

static void put_rule(const struct demo_page *page)
{
    static const char dashes[] = "------------------------------------------";
    _Static_assert(sizeof dashes == CELL_COLUMNS + 2, "as wide as a cell and the blank behind it");
    fprintf(page->out, "  %*s%s-+-%s\n", LABEL_COLUMNS + 1, "", dashes, dashes + 1);
}

static void put_table(const struct demo_page *page, const struct demo_run *run)
{
    enum peer_actor victim = run->scenario->victim;
    fprintf(page->out, "\n  %*s  %-*s | %s\n", LABEL_COLUMNS, "", CELL_COLUMNS,
        "native: two programs, no proxy", "through rudeproxy, with the recipe");
    put_rule(page);
    put_actor(page, run, victim);
    put_rule(page);
    put_actor(page, run, victim == PEER_CLIENT ? PEER_SERVER : PEER_CLIENT);
    fputc('\n', page->out);
}

static enum ink verdict_ink(enum demo_verdict verdict)
{
    static const enum ink by_verdict[DEMO_VERDICTS] = {
        [DEMO_AGREE] = INK_GOOD,
        [DEMO_DIFFER] = INK_BAD,
        [DEMO_SKIPPED] = INK_FAINT,
        [DEMO_FAILED] = INK_BAD,
    };
    return by_verdict[verdict];
}

static void put_verdict(const struct demo_page *page, const struct demo_run *run)
{
    const char *who = actor_name(run->scenario->victim);
    fputs("  ", page->out);
    print_put(page, verdict_ink(run->verdict), demo_verdict_name(run->verdict));
    if (run->verdict == DEMO_AGREE)
        fprintf(page->out, ": the %s saw the same in both runs\n", who);
    else
        fprintf(page->out, ": %s\n", run->err.text);
}

void demo_print_run(const struct demo_page *page, const struct demo_run *run)
{
    const struct scenario *scenario = run->scenario;
    print_put(page, INK_BOLD, scenario->name);
    fputc('\n', page->out);
    put_paragraph(page, "", scenario->story);
    if (scenario->note != NULL)
        put_paragraph(page, "Note: ", scenario->note);
    if (run->verdict != DEMO_SKIPPED)
        put_table(page, run);
    put_verdict(page, run);
    print_begin(page, INK_FAINT);
    fprintf(page->out, "  recipe: config/recipes/%s.ini\n", scenario->name);
    for (size_t i = 0; i < run->evidence_count; i++)
        fprintf(page->out, "  log:    %s\n", run->evidence[i]);
    end(page, INK_FAINT);
    fputs("\n\n", page->out);
}

void demo_print_summary_head(const struct demo_page *page)
{
    print_begin(page, INK_BOLD);
    fprintf(page->out, "%-24s %-8s %-54s %s", "scenario", "victim", "what it sees", "verdict");
    end(page, INK_BOLD);
    fputc('\n', page->out);
}

void demo_print_summary_row(
    const struct demo_page *page, const struct scenario *scenario, enum demo_verdict verdict)
{
    fprintf(page->out, "%-24s %-8s %-54s ", scenario->name, actor_name(scenario->victim),
        scenario->sees);
    print_put(page, verdict_ink(verdict), demo_verdict_name(verdict));
    fputc('\n', page->out);
}

void demo_print_list(const struct demo_page *page)
{
    const struct scenario *scenario;
    for (size_t i = 0; (scenario = scenario_at(i)) != NULL; i++) {
        print_put(page, INK_BOLD, scenario->name);
        fputc('\n', page->out);
        put_paragraph(page, "", scenario->story);
    }
}
