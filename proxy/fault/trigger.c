/* SPDX-License-Identifier: MIT */
/*
 * Triggers as the user writes them: a word, and for some a quantity behind a colon. One row per
 * trigger; the parser, the printer and the help read the rows.
 */
#include "proxy/fault/trigger.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "proxy/base/suggest.h"
#include "proxy/base/units.h"

#define WORD_MAX 48 /* characters of a wrong word that an error text quotes */

struct trigger_row {
    const char *word;
    const char *form;
    bool watches_direction;
    int (*parse)(const char *text, uint64_t *value, struct err *err); /* NULL: takes no quantity */
    void (*format)(uint64_t value, char *buf, size_t size);
};

static const struct trigger_row rows[] = {
    [TRIGGER_OPEN] = {.word = "open", .form = "open"},
    [TRIGGER_ACCEPT] = {.word = "accept", .form = "accept"},
    [TRIGGER_BYTES] = {.word = "bytes",
        .form = "bytes:1k",
        .watches_direction = true,
        .parse = units_parse_size,
        .format = units_format_size},
    [TRIGGER_TIME] = {.word = "time",
        .form = "time:250ms",
        .parse = units_parse_duration,
        .format = units_format_duration},
    [TRIGGER_EOF] = {.word = "eof", .form = "eof", .watches_direction = true},
};

#define ROW_COUNT (sizeof rows / sizeof rows[0])

bool trigger_watches_direction(enum trigger_kind kind)
{
    assert(kind < ROW_COUNT);
    return rows[kind].watches_direction;
}

static int say_unknown(const struct option *option, const char *word, struct err *err)
{
    struct suggest suggest;
    char meant[SUGGEST_TEXT_MAX];
    suggest_init(&suggest, word);
    for (size_t i = 0; i < ROW_COUNT; i++)
        suggest_offer(&suggest, rows[i].word);
    return err_set(err, "'%.*s' is not a trigger%s write %s", WORD_MAX, word,
        suggest.best == NULL ? "," : suggest_text(&suggest, meant, sizeof meant),
        option->kind->form);
}

static const struct trigger_row *find_row(const char *word, size_t length)
{
    for (size_t i = 0; i < ROW_COUNT; i++)
        if (strlen(rows[i].word) == length && strncmp(rows[i].word, word, length) == 0)
            return &rows[i];
    return NULL;
}

static int parse(const struct option *option, const char *text, void *value, struct err *err)
{
    size_t length = strcspn(text, ":");
    const char *quantity = text[length] == ':' ? text + length + 1 : NULL;
    const struct trigger_row *row = find_row(text, length);
    struct trigger trigger = {0};
    if (row == NULL) {
        char word[WORD_MAX];
        snprintf(word, sizeof word, "%.*s", (int)length, text);
        return say_unknown(option, word, err);
    }
    if (row->parse == NULL && quantity != NULL)
        return err_set(err, "'%s' takes no value, write %s alone", row->word, row->word);
    if (row->parse != NULL && (quantity == NULL || quantity[0] == '\0'))
        return err_set(err, "'%s' needs a value, write one such as %s", row->word, row->form);
    if (row->parse != NULL && row->parse(quantity, &trigger.value, err) != 0)
        return -1;
    trigger.kind = (enum trigger_kind)(row - rows);
    *(struct trigger *)value = trigger;
    return 0;
}

static void format(const struct option *option, const void *value, char *buf, size_t size)
{
    const struct trigger *trigger = value;
    const struct trigger_row *row = &rows[trigger->kind];
    char quantity[32];
    (void)option;
    if (row->format == NULL) {
        snprintf(buf, size, "%s", row->word);
        return;
    }
    row->format(trigger->value, quantity, sizeof quantity);
    snprintf(buf, size, "%s:%s", row->word, quantity);
}

const struct option_kind option_trigger = {
    .name = "trigger",
    .form = "open, accept, bytes:1k, time:250ms or eof",
    .size = sizeof(struct trigger),
    .parse = parse,
    .format = format,
};
