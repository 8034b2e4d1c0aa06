/* SPDX-License-Identifier: MIT */
/*
 * Parses and prints triggers: a word, and for some a quantity or a string behind a colon. Each
 * trigger is a row, which the parser, the printer and the help share.
 */
#include "proxy/fault/trigger.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "proxy/base/side.h"
#include "proxy/base/suggest.h"
#include "proxy/base/units.h"
#include "proxy/fault/trigger_row.h"

#define WORD_MAX 48   /* characters of a wrong word that an error text quotes */
#define AMOUNT_MAX 24 /* a size or a duration, and a NUL */

static int trigger_parse_bytes(const char *text, struct trigger *trigger, struct err *err)
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

static void describe_open(
    const struct trigger *trigger, const struct trigger_stream *stream, char *buf, size_t size)
{
    (void)trigger, (void)stream;
    snprintf(buf, size, "as soon as the upstream connection stands");
}

static void describe_accept(
    const struct trigger *trigger, const struct trigger_stream *stream, char *buf, size_t size)
{
    (void)trigger, (void)stream;
    snprintf(buf, size, "as soon as a client is accepted");
}

static void describe_bytes(
    const struct trigger *trigger, const struct trigger_stream *stream, char *buf, size_t size)
{
    char amount[AMOUNT_MAX];
    units_format_size(trigger->value, amount, sizeof amount);
    if (trigger->value == 0)
        snprintf(buf, size, "before the first byte from %s", stream->from);
    else
        snprintf(buf, size, "after %s byte%s from %s", amount, trigger->value == 1 ? "" : "s",
            stream->from);
}

static void describe_time(
    const struct trigger *trigger, const struct trigger_stream *stream, char *buf, size_t size)
{
    char amount[AMOUNT_MAX];
    (void)stream;
    units_format_duration(trigger->value, amount, sizeof amount);
    snprintf(buf, size, "after %s", amount);
}

static void describe_idle(
    const struct trigger *trigger, const struct trigger_stream *stream, char *buf, size_t size)
{
    char amount[AMOUNT_MAX];
    (void)stream;
    units_format_duration(trigger->value, amount, sizeof amount);
    snprintf(buf, size, "after %s without a byte in either direction", amount);
}

static void describe_run(
    const struct trigger *trigger, const struct trigger_stream *stream, char *buf, size_t size)
{
    char amount[AMOUNT_MAX];
    (void)stream;
    units_format_duration(trigger->value, amount, sizeof amount);
    snprintf(buf, size, "%s after the start of the run, on connections open then", amount);
}

static void describe_eof(
    const struct trigger *trigger, const struct trigger_stream *stream, char *buf, size_t size)
{
    (void)trigger;
    snprintf(buf, size, "at the FIN from %s", stream->from);
}

static void describe_never(
    const struct trigger *trigger, const struct trigger_stream *stream, char *buf, size_t size)
{
    (void)trigger, (void)stream;
    snprintf(buf, size, "never");
}

static const struct trigger_row row_open = {
    .word = "open", .form = "open", .keys = OF_WHEN, .describe = describe_open};
static const struct trigger_row row_accept = {
    .word = "accept", .form = "accept", .keys = OF_WHEN, .describe = describe_accept};
static const struct trigger_row row_bytes = {
    .word = "bytes",
    .form = "bytes:1k",
    .keys = OF_BOTH,
    .watches_direction = true,
    .parse = trigger_parse_bytes,
    .format = format_bytes,
    .describe = describe_bytes,
};
static const struct trigger_row row_time = {
    .word = "time",
    .form = "time:250ms",
    .keys = OF_BOTH,
    .is_timed = true,
    .parse = parse_time,
    .format = format_time,
    .describe = describe_time,
};
static const struct trigger_row row_eof = {
    .word = "eof",
    .form = "eof",
    .keys = OF_BOTH,
    .watches_direction = true,
    .describe = describe_eof,
};
static const struct trigger_row row_idle = {
    .word = "idle",
    .form = "idle:5s",
    .keys = OF_BOTH,
    .is_timed = true,
    .parse = parse_idle,
    .format = format_time,
    .describe = describe_idle,
};
static const struct trigger_row row_run = {
    .word = "run",
    .form = "run:10s",
    .keys = OF_BOTH,
    .is_timed = true,
    .parse = parse_time,
    .format = format_time,
    .describe = describe_run,
};
static const struct trigger_row row_never = {
    .word = "never", .form = "never", .keys = OF_UNTIL, .describe = describe_never};

static const struct trigger_row *const rows[TRIGGER_KIND_COUNT] = {
    [TRIGGER_OPEN] = &row_open,
    [TRIGGER_ACCEPT] = &row_accept,
    [TRIGGER_BYTES] = &row_bytes,
    [TRIGGER_TIME] = &row_time,
    [TRIGGER_EOF] = &row_eof,
    [TRIGGER_MATCH] = &trigger_match,
    [TRIGGER_MESSAGE] = &trigger_message,
    [TRIGGER_IDLE] = &row_idle,
    [TRIGGER_RUN] = &row_run,
    [TRIGGER_NEVER] = &row_never,
};

bool trigger_equal(const struct trigger *a, const struct trigger *b)
{
    return a->kind == b->kind && a->value == b->value && a->nth == b->nth && a->plus == b->plus &&
           a->minus == b->minus && a->every == b->every && a->chunk == b->chunk &&
           strcmp(a->word, b->word) == 0 && a->edge == b->edge &&
           a->pattern_len == b->pattern_len && memcmp(a->pattern, b->pattern, a->pattern_len) == 0;
}

bool trigger_watches_direction(enum trigger_kind kind)
{
    return rows[kind]->watches_direction;
}

bool trigger_has_edge(enum trigger_kind kind)
{
    return rows[kind]->has_edge;
}

bool trigger_is_timed(enum trigger_kind kind)
{
    return rows[kind]->is_timed;
}

int trigger_check(const struct trigger *trigger, struct err *err)
{
    const struct trigger_row *row = rows[trigger->kind];
    return row->check == NULL ? 0 : row->check(trigger, err);
}

void trigger_describe(
    const struct trigger *trigger, unsigned directions, bool has_parts, char *buf, size_t size)
{
    const struct trigger_stream stream = {
        .from = directions == UPSTREAM_BIT     ? "the client"
                : directions == DOWNSTREAM_BIT ? "the server"
                                               : "either side",
        .has_parts = has_parts,
    };
    rows[trigger->kind]->describe(trigger, &stream, buf, size);
}

const char *trigger_ordinal(uint64_t number, char buf[24])
{
    static const char *const endings[] = {"th", "st", "nd", "rd"};
    bool teen = number % 100 >= 11 && number % 100 <= 13;
    snprintf(buf, 24, "%" PRIu64 "%s", number, endings[teen || number % 10 > 3 ? 0 : number % 10]);
    return buf;
}

static unsigned trigger_key_of(const struct option *option)
{
    return option->kind == &option_until ? OF_UNTIL : OF_WHEN;
}

static int trigger_report_unknown(const struct option *option, const char *word, struct err *err)
{
    struct suggest suggest;
    char meant[SUGGEST_TEXT_MAX];
    suggest_init(&suggest, word);
    for (int i = 0; i < TRIGGER_KIND_COUNT; i++)
        if ((rows[i]->keys & trigger_key_of(option)) != 0)
            suggest_offer(&suggest, rows[i]->word);
    return err_set(err, "'%.*s' is not a trigger%s write %s", WORD_MAX, word,
        suggest.best == NULL ? "," : suggest_text(&suggest, meant, sizeof meant),
        option->kind->form);
}

/* Reports a trigger that only the other key takes. */
static int report_misplaced(
    const struct option *option, const struct trigger_row *row, struct err *err)
{
    if (trigger_key_of(option) == OF_WHEN)
        return err_set(err,
            "'%s' belongs to until; for a fault that never happens write "
            "enabled = no",
            row->word);
    return err_set(err, "nothing has begun yet that could end at '%s', write %s", row->word,
        option->kind->form);
}

/* Returns the kind with this word, or TRIGGER_KIND_COUNT if there is none. */
static enum trigger_kind find_kind(const char *word, size_t length)
{
    int kind = 0;
    while (kind < TRIGGER_KIND_COUNT &&
           (strlen(rows[kind]->word) != length || strncmp(rows[kind]->word, word, length) != 0))
        kind++;
    return (enum trigger_kind)kind;
}

static int trigger_parse(
    const struct option *option, const char *text, void *value, struct err *err)
{
    size_t length = strcspn(text, ":");
    const char *quantity = text[length] == ':' ? text + length + 1 : NULL;
    struct trigger trigger = {.kind = find_kind(text, length)};
    if (trigger.kind == TRIGGER_KIND_COUNT) {
        char word[WORD_MAX];
        snprintf(word, sizeof word, "%.*s", (int)length, text);
        return trigger_report_unknown(option, word, err);
    }
    const struct trigger_row *row = rows[trigger.kind];
    if ((row->keys & trigger_key_of(option)) == 0)
        return report_misplaced(option, row, err);
    if (row->parse == NULL && quantity != NULL)
        return err_set(err, "'%s' takes no value, write %s alone", row->word, row->word);
    if (row->parse != NULL && (quantity == NULL || quantity[0] == '\0'))
        return err_set(err, "'%s' needs a value, write one such as %s", row->word, row->form);
    if (row->parse != NULL && row->parse(quantity, &trigger, err) != 0)
        return -1;
    *(struct trigger *)value = trigger;
    return 0;
}

static void trigger_format(const struct option *option, const void *value, char *buf, size_t size)
{
    const struct trigger *trigger = value;
    const struct trigger_row *row = rows[trigger->kind];
    (void)option;
    size_t used = (size_t)snprintf(buf, size, "%s%s", row->word, row->format == NULL ? "" : ":");
    if (row->format != NULL && used < size)
        row->format(trigger, buf + used, size - used);
}

const struct option_kind option_trigger = {
    .name = "trigger",
    .form = "open, accept, bytes:1k, match:\"\\r\\n\", message:2, time:250ms, idle:5s, eof or "
            "run:10s",
    .size = sizeof(struct trigger),
    .parse = trigger_parse,
    .format = trigger_format,
};

const struct option_kind option_until = {
    .name = "end",
    .form = "bytes:1k, match:\"\\r\\n\", message:2, time:250ms, idle:5s, eof, run:10s or never",
    .size = sizeof(struct trigger),
    .parse = trigger_parse,
    .format = trigger_format,
};
