/* SPDX-License-Identifier: MIT */
/*
 * A problem that cannot be stored for lack of memory is still counted, so that an invalid
 * configuration never passes.
 */
#include "config/problems.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

struct problem {
    struct place place;
    size_t number;        /* order of discovery, the last criterion of the sort */
    char *text;           /* owned: "[section] key: sentence" */
    char *key;            /* owned; NULL: none */
    const char *sentence; /* in `text` */
};

void problems_init(struct problems *problems)
{
    memset(problems, 0, sizeof *problems);
}

void problems_deinit(struct problems *problems)
{
    for (size_t i = 0; i < problems->count; i++) {
        free(problems->list[i].text);
        free(problems->list[i].key);
    }
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

/* Makes "[section] key: sentence" on the heap. NULL: out of memory. */
static char *compose(const char *section, const char *key, const char *sentence)
{
    char *text;
    int rc = asprintf(&text, "%s%s%s%s%s%s%s", section == NULL ? "" : "[",
        section == NULL ? "" : section, section == NULL ? "" : "]",
        section != NULL && key != NULL ? " " : "", key == NULL ? "" : key,
        section != NULL || key != NULL ? ": " : "", sentence);
    return rc < 0 ? NULL : text;
}

/* Stores one more problem in its own memory. Returns false if there is none. */
static bool keep(struct problems *problems, struct place place, const char *section,
    const char *key, const char *sentence)
{
    struct problem problem = {.place = place, .number = problems->count};
    if (!make_room(problems))
        return false;
    problem.key = key == NULL ? NULL : strdup(key);
    problem.text = compose(section, key, sentence);
    if (problem.text == NULL || (key != NULL && problem.key == NULL)) {
        free(problem.text);
        free(problem.key);
        return false;
    }
    problem.sentence = problem.text + strlen(problem.text) - strlen(sentence);
    problems->list[problems->count++] = problem;
    problems->total++;
    return true;
}

void problems_add(struct problems *problems, struct place place, const char *section,
    const char *key, const char *format, ...)
{
    va_list args;
    char *sentence;
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
    if (!keep(problems, place, section, key, sentence))
        problems_out_of_memory(problems);
    free(sentence);
}

const char *problems_key(const struct problems *problems, size_t i)
{
    return problems->list[i].key;
}

const char *problems_text(const struct problems *problems, size_t i)
{
    return problems->list[i].sentence;
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
    /* Other problems may follow from data that could not be stored, such as a "missing" key. */
    if (problems->out_of_memory) {
        fputs("out of memory\n", out);
        return;
    }
    if (problems->count > 0)
        qsort(problems->list, problems->count, sizeof *problems->list, compare);
    for (size_t i = 0; i < problems->count; i++)
        print_one(&problems->list[i], out);
    if (problems->total > problems->count)
        fprintf(out, "and %zu more problems, not shown\n", problems->total - problems->count);
}
