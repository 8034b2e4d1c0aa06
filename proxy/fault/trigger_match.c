/* SPDX-License-Identifier: MIT */
/*
 * `match:"..."`, `match:"..."#N`, `match:"..."+K` and both: the N-th occurrence of a pattern, and K
 * bytes behind its end.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "proxy/base/quote.h"
#include "proxy/base/units.h"
#include "proxy/fault/trigger_row.h"

#define DESCRIBED_MAX 64 /* characters of a pattern that a description shows */
#define NUMBER_MAX 24    /* 20 digits, or a size with its unit, and a NUL */

/* Copies the number at the start of *text, up to `end` or the end of the text, and moves *text
 * behind it. */
static int trigger_match_cut_number(
    const char **text, char end, char number[NUMBER_MAX], struct err *err)
{
    size_t length = end == '\0' ? strlen(*text) : strcspn(*text, (const char[]){end, '\0'});
    if (length == 0 || length >= NUMBER_MAX)
        return err_set(err, "a number is missing or too long, write one such as match:\"x\"#2+10");
    memcpy(number, *text, length);
    number[length] = '\0';
    *text += length;
    return 0;
}

static int parse_nth(const char **rest, uint64_t *nth, struct err *err)
{
    char number[NUMBER_MAX];
    (*rest)++;
    if (trigger_match_cut_number(rest, '+', number, err) != 0)
        return -1;
    if (units_parse_number(number, nth, err) != 0)
        return -1;
    if (*nth == 0)
        return err_set(err, "occurrences are counted from 1, write match:\"...\"#1");
    return 0;
}

static int parse_plus(const char **rest, uint64_t *plus, struct err *err)
{
    char number[NUMBER_MAX];
    (*rest)++;
    if (trigger_match_cut_number(rest, '\0', number, err) != 0)
        return -1;
    return units_parse_size(number, plus, err);
}

static int trigger_match_parse(const char *text, struct trigger *trigger, struct err *err)
{
    const char *rest;
    long length =
        quote_parse_prefix(text, (char *)trigger->pattern, sizeof trigger->pattern, &rest, err);
    if (length < 0)
        return -1;
    if (length == 0)
        return err_set(
            err, "an empty pattern matches everywhere, write one such as match:\"\\r\\n\"");
    trigger->pattern_len = (unsigned)length;
    trigger->nth = 1;
    if (*rest == '#' && parse_nth(&rest, &trigger->nth, err) != 0)
        return -1;
    if (*rest == '+' && parse_plus(&rest, &trigger->plus, err) != 0)
        return -1;
    if (*rest != '\0')
        return err_set(err,
            "'%.16s' follows the closing double quote, write match:\"...\"#N for the N-th "
            "occurrence, +K for K bytes after it, \\\" for a quote inside",
            rest);
    return 0;
}

static void trigger_match_format(const struct trigger *trigger, char *buf, size_t size)
{
    char bytes[NUMBER_MAX];
    quote_format((const char *)trigger->pattern, trigger->pattern_len, buf, size);
    size_t used = strlen(buf);
    if (trigger->nth > 1)
        used += (size_t)snprintf(buf + used, size - used, "#%" PRIu64, trigger->nth);
    units_format_size(trigger->plus, bytes, sizeof bytes);
    if (trigger->plus > 0 && used < size)
        snprintf(buf + used, size - used, "+%s", bytes);
}

/* Refuses EDGE_BEFORE with `plus`: bytes behind the match cannot be forwarded while its first one
 * is held. */
static int trigger_match_check(const struct trigger *trigger, struct err *err)
{
    if (trigger->edge != EDGE_BEFORE || trigger->plus == 0)
        return 0;
    return err_set(err,
        "+K is after the match, but edge = before withholds the match: leave one of "
        "them out");
}

static void trigger_match_describe(
    const struct trigger *trigger, const struct trigger_stream *stream, char *buf, size_t size)
{
    char ordinal[24], bytes[NUMBER_MAX], pattern[DESCRIBED_MAX];
    quote_format((const char *)trigger->pattern, trigger->pattern_len, pattern, sizeof pattern);
    units_format_size(trigger->plus, bytes, sizeof bytes);
    snprintf(buf, size, "%s%s%s the %s match of %s%s from %s", trigger->plus > 0 ? bytes : "",
        trigger->plus > 0 ? " bytes " : "", trigger->edge == EDGE_BEFORE ? "before" : "after",
        trigger_ordinal(trigger->nth, ordinal), pattern,
        strlen(pattern) == sizeof pattern - 1 ? "..." : "", stream->from);
}

const struct trigger_row trigger_match = {
    .word = "match",
    .form = "match:\"\\r\\n\"",
    .keys = OF_BOTH,
    .watches_direction = true,
    .has_edge = true,
    .parse = trigger_match_parse,
    .format = trigger_match_format,
    .check = trigger_match_check,
    .describe = trigger_match_describe,
};
