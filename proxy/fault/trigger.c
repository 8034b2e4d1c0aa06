/* SPDX-License-Identifier: MIT */
/*
 * Triggers as the user writes them: a word, and for some a quantity or a string behind a colon. One
 * row per trigger; the parser, the printer and the help read the rows.
 */
#include "proxy/fault/trigger.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "proxy/base/quote.h"
#include "proxy/base/suggest.h"
#include "proxy/base/units.h"

#define WORD_MAX 48 /* characters of a wrong word that an error text quotes */

/* The two keys that take triggers. */
enum { OF_WHEN = 1, OF_UNTIL = 2, OF_BOTH = OF_WHEN | OF_UNTIL };

struct trigger_row {
    const char *word;
    const char *form;
    unsigned keys; /* which of the two take it */
    bool watches_direction;
    /* What stands behind the colon; both NULL: nothing. */
    int (*parse)(const char *text, struct trigger *trigger, struct err *err);
    void (*format)(const struct trigger *trigger, char *buf, size_t size);
};

static int parse_bytes(const char *text, struct trigger *trigger, struct err *err)
{
    return units_parse_size(text, &trigger->value, err);
}

static void format_bytes(const struct trigger *trigger, char *buf, size_t size)
{
    units_format_size(trigger->value, buf, size);
}

static int parse_time(const char *text, struct trigger *trigger, struct err *err)
{
    return units_parse_duration(text, &trigger->value, err);
}

static void format_time(const struct trigger *trigger, char *buf, size_t size)
{
    units_format_duration(trigger->value, buf, size);
}

static int parse_idle(const char *text, struct trigger *trigger, struct err *err)
{
    if (parse_time(text, trigger, err) != 0)
        return -1;
    if (trigger->value == 0)
        return err_set(err, "every connection is idle for no time, write one such as idle:5s");
    return 0;
}

static int parse_match(const char *text, struct trigger *trigger, struct err *err)
{
    long length = quote_parse(text, (char *)trigger->pattern, sizeof trigger->pattern, err);
    if (length < 0)
        return -1;
    if (length == 0)
        return err_set(
            err, "an empty pattern matches everywhere, write one such as match:\"\\r\\n\"");
    trigger->pattern_len = (unsigned)length;
    return 0;
}

static void format_match(const struct trigger *trigger, char *buf, size_t size)
{
    quote_format((const char *)trigger->pattern, trigger->pattern_len, buf, size);
}

static const struct trigger_row rows[] = {
    [TRIGGER_OPEN] = {.word = "open", .form = "open", .keys = OF_WHEN},
    [TRIGGER_ACCEPT] = {.word = "accept", .form = "accept", .keys = OF_WHEN},
    [TRIGGER_BYTES] = {.word = "bytes",
        .form = "bytes:1k",
        .keys = OF_BOTH,
        .watches_direction = true,
        .parse = parse_bytes,
        .format = format_bytes},
    [TRIGGER_TIME] = {.word = "time",
        .form = "time:250ms",
        .keys = OF_BOTH,
        .parse = parse_time,
        .format = format_time},
    [TRIGGER_EOF] = {.word = "eof", .form = "eof", .keys = OF_BOTH, .watches_direction = true},
    [TRIGGER_MATCH] = {.word = "match",
        .form = "match:\"\\r\\n\"",
        .keys = OF_BOTH,
        .watches_direction = true,
        .parse = parse_match,
        .format = format_match},
    [TRIGGER_IDLE] = {.word = "idle",
        .form = "idle:5s",
        .keys = OF_BOTH,
        .parse = parse_idle,
        .format = format_time},
    [TRIGGER_NEVER] = {.word = "never", .form = "never", .keys = OF_UNTIL},
};

#define ROW_COUNT (sizeof rows / sizeof rows[0])

bool trigger_watches_direction(enum trigger_kind kind)
{
    assert(kind < ROW_COUNT);
    return rows[kind].watches_direction;
}

static unsigned key_of(const struct option *option)
{
    return option->kind == &option_until ? OF_UNTIL : OF_WHEN;
}

static int say_unknown(const struct option *option, const char *word, struct err *err)
{
    struct suggest suggest;
    char meant[SUGGEST_TEXT_MAX];
    suggest_init(&suggest, word);
    for (size_t i = 0; i < ROW_COUNT; i++)
        if ((rows[i].keys & key_of(option)) != 0)
            suggest_offer(&suggest, rows[i].word);
    return err_set(err, "'%.*s' is not a trigger%s write %s", WORD_MAX, word,
        suggest.best == NULL ? "," : suggest_text(&suggest, meant, sizeof meant),
        option->kind->form);
}

/* A trigger that only the other key takes. */
static int say_misplaced(
    const struct option *option, const struct trigger_row *row, struct err *err)
{
    if (key_of(option) == OF_WHEN)
        return err_set(err,
            "'%s' belongs to until; for a fault that never happens write "
            "enabled = no",
            row->word);
    return err_set(err, "nothing has begun yet that could end at '%s', write %s", row->word,
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
    if ((row->keys & key_of(option)) == 0)
        return say_misplaced(option, row, err);
    if (row->parse == NULL && quantity != NULL)
        return err_set(err, "'%s' takes no value, write %s alone", row->word, row->word);
    if (row->parse != NULL && (quantity == NULL || quantity[0] == '\0'))
        return err_set(err, "'%s' needs a value, write one such as %s", row->word, row->form);
    if (row->parse != NULL && row->parse(quantity, &trigger, err) != 0)
        return -1;
    trigger.kind = (enum trigger_kind)(row - rows);
    *(struct trigger *)value = trigger;
    return 0;
}

static void format(const struct option *option, const void *value, char *buf, size_t size)
{
    const struct trigger *trigger = value;
    const struct trigger_row *row = &rows[trigger->kind];
    (void)option;
    size_t used = (size_t)snprintf(buf, size, "%s%s", row->word, row->format == NULL ? "" : ":");
    if (row->format != NULL && used < size)
        row->format(trigger, buf + used, size - used);
}

const struct option_kind option_trigger = {
    .name = "trigger",
    .form = "open, accept, bytes:1k, match:\"\\r\\n\", time:250ms, idle:5s or eof",
    .size = sizeof(struct trigger),
    .parse = parse,
    .format = format,
};

const struct option_kind option_until = {
    .name = "end",
    .form = "bytes:1k, match:\"\\r\\n\", time:250ms, idle:5s, eof or never",
    .size = sizeof(struct trigger),
    .parse = parse,
    .format = format,
};
