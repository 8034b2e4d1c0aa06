/* SPDX-License-Identifier: MIT */
/*
 * Parses and prints selections: lists of terms, each an arithmetic progression of connection
 * numbers. `all` is the empty list.
 */
#include "proxy/fault/selection.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "proxy/base/units.h"

#define ALL "all"
#define NEXT "next"
#define EVERY "every:"
#define TERM_MAX 48 /* two 20-digit numbers and a dash */
#define RIGHT "write numbers from 1, such as 2, 1-3, 5-, every:3, or a list of them"

static bool selection_term_has(const struct selection_term *term, uint64_t connection)
{
    return connection >= term->first && connection <= term->last &&
           (connection - term->first) % term->step == 0;
}

bool selection_has(const struct selection *selection, uint64_t connection)
{
    if (selection->count == 0)
        return true;
    for (unsigned i = 0; i < selection->count; i++)
        if (selection_term_has(&selection->terms[i], connection))
            return true;
    return false;
}

/* Parses a connection number: at least 1, and below UINT64_MAX, which means "open end". */
static int parse_connection(const char *text, uint64_t *number, struct err *err)
{
    struct err inner;
    if (units_parse_number(text, number, &inner) != 0 || *number == UINT64_MAX)
        return err_set(err, "'%s' is not a connection, " RIGHT, text);
    if (*number == 0)
        return err_set(err, "there is no connection 0, " RIGHT);
    return 0;
}

static int parse_every(const char *text, struct selection_term *term, struct err *err)
{
    uint64_t step;
    if (parse_connection(text, &step, err) != 0)
        return -1;
    *term = (struct selection_term){.first = step, .last = UINT64_MAX, .step = step};
    return 0;
}

static int parse_range(char *text, char *dash, struct selection_term *term, struct err *err)
{
    const char *end = dash + 1;
    *term = (struct selection_term){.last = UINT64_MAX, .step = 1};
    *dash = '\0';
    if (parse_connection(text, &term->first, err) != 0)
        return -1;
    if (end[0] == '\0')
        return 0;
    if (parse_connection(end, &term->last, err) != 0)
        return -1;
    if (term->last < term->first)
        return err_set(err, "the range %s-%s runs backwards, write %s-%s", text, end, end, text);
    return 0;
}

/* `text` is a copy that may be modified. */
static int parse_term(char *text, struct selection_term *term, struct err *err)
{
    char *dash = strchr(text, '-');
    if (text[0] == '\0')
        return err_set(err, "an element of the list is empty, " RIGHT);
    if (strncmp(text, EVERY, strlen(EVERY)) == 0)
        return parse_every(text + strlen(EVERY), term, err);
    if (dash != NULL)
        return parse_range(text, dash, term, err);
    if (parse_connection(text, &term->first, err) != 0)
        return -1;
    term->last = term->first;
    term->step = 1;
    return 0;
}

static int selection_parse(
    const struct option *option, const char *text, void *value, struct err *err)
{
    struct selection selection = {0};
    char term[TERM_MAX];
    int more;
    (void)option;
    if (strcmp(text, ALL) == 0) {
        memcpy(value, &selection, sizeof selection);
        return 0;
    }
    if (strcmp(text, NEXT) == 0)
        return err_set(err,
            "'next' is a word of the API, for the next connection of a running proxy; "
            "here " RIGHT);
    while ((more = units_next_element(&text, term, sizeof term)) != 0) {
        if (selection.count == SELECTION_TERMS_MAX)
            return err_set(err, "the list is too long, at most %d elements", SELECTION_TERMS_MAX);
        if (more < 0)
            return err_set(err, "'%s...' is not a connection, " RIGHT, term);
        if (parse_term(term, &selection.terms[selection.count], err) != 0)
            return -1;
        selection.count++;
    }
    memcpy(value, &selection, sizeof selection);
    return 0;
}

static int selection_format_term(const struct selection_term *term, char *buf, size_t size)
{
    if (term->step > 1)
        return snprintf(buf, size, EVERY "%" PRIu64, term->step);
    if (term->last == UINT64_MAX)
        return snprintf(buf, size, "%" PRIu64 "-", term->first);
    if (term->last == term->first)
        return snprintf(buf, size, "%" PRIu64, term->first);
    return snprintf(buf, size, "%" PRIu64 "-%" PRIu64, term->first, term->last);
}

static void selection_format(const struct option *option, const void *value, char *buf, size_t size)
{
    const struct selection *selection = value;
    size_t used = 0;
    (void)option;
    if (selection->count == 0)
        snprintf(buf, size, ALL);
    for (unsigned i = 0; i < selection->count && used < size; i++) {
        if (i > 0)
            used += (size_t)snprintf(buf + used, size - used, ",");
        if (used < size)
            used += (size_t)selection_format_term(&selection->terms[i], buf + used, size - used);
    }
}

const struct option_kind option_selection = {
    .name = "connections",
    .form = "2, 1-3, 5-, every:3, a list of them, or all",
    .size = sizeof(struct selection),
    .parse = selection_parse,
    .format = selection_format,
};
