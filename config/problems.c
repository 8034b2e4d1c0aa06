/* SPDX-License-Identifier: MIT */
/*
 * Problems: see problems.h. A problem that cannot be kept for lack of memory still counts, so that
 * a configuration never passes because we could not complain.
 */
#include "config/problems.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

struct problem {
    struct place place;
    size_t number; /* in order of finding, the last criterion of the sort */
    char *text;    /* owned: "[section] key: ..." */
};

void problems_init(struct problems *problems)
{
    memset(problems, 0, sizeof *problems);
}

void problems_deinit(struct problems *problems)
{
    for (size_t i = 0; i < problems->count; i++)
        free(problems->list[i].text);
    free(problems->list);
    problems_init(problems);
}

void problems_out_of_memory(struct problems *problems)
{
    problems->out_of_memory = true;
    problems->total++;
}

static bool make_room(struct problems *problems)
{
    if (problems->count < problems->capacity)
        return true;
    size_t capacity = problems->capacity == 0 ? 16 : problems->capacity * 2;
    struct problem *list = reallocarray(problems->list, capacity, sizeof *list);
    if (list == NULL)
        return false;
    problems->list = list;
    problems->capacity = capacity;
    return true;
}

/* "[section] key: sentence", on the heap. NULL: out of memory. */
static char *compose(const char *section, const char *key, const char *sentence)
{
    char *text;
    int rc = asprintf(&text, "%s%s%s%s%s%s%s", section == NULL ? "" : "[",
        section == NULL ? "" : section, section == NULL ? "" : "]",
        section != NULL && key != NULL ? " " : "", key == NULL ? "" : key,
        section != NULL || key != NULL ? ": " : "", sentence);
    return rc < 0 ? NULL : text;
}

void problems_add(struct problems *problems, struct place place, const char *section,
    const char *key, const char *format, ...)
{
    va_list args;
    char *sentence, *text;
    if (problems->count == PROBLEMS_MAX) {
        problems->total++;
        return;
    }
    va_start(args, format);
    int rc = vasprintf(&sentence, format, args);
    va_end(args);
    if (rc < 0) {
        problems_out_of_memory(problems);
        return;
    }
    text = make_room(problems) ? compose(section, key, sentence) : NULL;
    free(sentence);
    if (text == NULL) {
        problems_out_of_memory(problems);
        return;
    }
    problems->list[problems->count] =
        (struct problem){.place = place, .number = problems->count, .text = text};
    problems->count++;
    problems->total++;
}

static int compare(const void *left, const void *right)
{
    const struct problem *a = left, *b = right;
    if (a->place.order != b->place.order)
        return a->place.order < b->place.order ? -1 : 1;
    if (a->place.line != b->place.line)
        return a->place.line < b->place.line ? -1 : 1;
    return a->number < b->number ? -1 : 1;
}

static void print_one(const struct problem *problem, FILE *out)
{
    const struct place *place = &problem->place;
    if (place->where != NULL && place->line != 0)
        fprintf(out, "%s:%u: ", place->where, place->line);
    else if (place->where != NULL)
        fprintf(out, "%s: ", place->where);
    fprintf(out, "%s\n", problem->text);
}

void problems_print(struct problems *problems, FILE *out)
{
    if (problems->count > 0)
        qsort(problems->list, problems->count, sizeof *problems->list, compare);
    for (size_t i = 0; i < problems->count; i++)
        print_one(&problems->list[i], out);
    if (problems->out_of_memory)
        fprintf(out, "out of memory\n");
    else if (problems->total > problems->count)
        fprintf(out, "and %zu more problems, not shown\n", problems->total - problems->count);
}
