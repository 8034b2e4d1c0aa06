/* SPDX-License-Identifier: MIT */
/*
 * The kinds of value that every layer uses. Each is a parser, a printer whose output the parser
 * reads, and a phrase for the right form. A kind of only one layer (addresses of proxies, triggers,
 * selections) is in that layer.
 */
#include "proxy/base/option.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "proxy/base/quote.h"
#include "proxy/base/side.h"
#include "proxy/base/suggest.h"
#include "proxy/base/units.h"

#define FOREVER "forever"
#define UNLIMITED "unlimited"
#define SHOWN_MAX 48 /* characters of a wrong value that an error text quotes */

/* Checks the row's range, for every kind of number. */
static int check_range(
    const struct option *option, const char *text, uint64_t value, struct err *err)
{
    char right[OPTION_TEXT_MAX];
    bool small = value < option->min;
    if (!small && (option->max == 0 || value <= option->max))
        return 0;
    option_describe(option, right, sizeof right);
    return err_set(
        err, "'%.*s' is too %s, write %.300s", SHOWN_MAX, text, small ? "small" : "large", right);
}

static int report_wrong_word(const char *text, const char *near, const char *right, struct err *err)
{
    if (near != NULL)
        return err_set(err, "'%.*s' is not known, did you mean '%s'? write %.300s", SHOWN_MAX, text,
            near, right);
    return err_set(err, "'%.*s' is not known, write %.300s", SHOWN_MAX, text, right);
}

/* Returns the index of `text` in a NULL-terminated array, or -1 with err filled. */
static int find_word(const char *text, const char *const *words, const char *right, struct err *err)
{
    for (int i = 0; words[i] != NULL; i++)
        if (strcmp(words[i], text) == 0)
            return i;
    return report_wrong_word(text, suggest_nearest(text, words), right, err);
}

static int parse_choice(const struct option *option, const char *text, void *value, struct err *err)
{
    char right[OPTION_TEXT_MAX];
    option_describe(option, right, sizeof right);
    int index = find_word(text, option->choices, right, err);
    if (index < 0)
        return -1;
    *(int *)value = index;
    return 0;
}

static void format_choice(const struct option *option, const void *value, char *buf, size_t size)
{
    snprintf(buf, size, "%s", option->choices[*(const int *)value]);
}

static int parse_yes_no(const struct option *option, const char *text, void *value, struct err *err)
{
    static const char *const words[] = {"no", "yes", NULL};
    int index = find_word(text, words, option->kind->form, err);
    if (index < 0)
        return -1;
    *(bool *)value = index == 1;
    return 0;
}

static void format_yes_no(const struct option *option, const void *value, char *buf, size_t size)
{
    (void)option;
    snprintf(buf, size, "%s", *(const bool *)value ? "yes" : "no");
}

/* Parses a set of two (side.h): the words mean the sets 1, 2 and 3 (both), in this order. */
static int parse_set(const struct option *option, const char *text, const char *const *words,
    void *value, struct err *err)
{
    int index = find_word(text, words, option->kind->form, err);
    if (index < 0)
        return -1;
    *(unsigned *)value = (unsigned)index + 1;
    return 0;
}

static void format_set(const void *value, const char *const *words, char *buf, size_t size)
{
    unsigned set = *(const unsigned *)value;
    snprintf(buf, size, "%s", set == NO_BITS ? "" : words[set - 1]);
}

static const char *const side_words[] = {"client", "server", "both", NULL};
static const char *const direction_words[] = {"upstream", "downstream", "both", NULL};

static int parse_sides(const struct option *option, const char *text, void *value, struct err *err)
{
    return parse_set(option, text, side_words, value, err);
}

static void format_sides(const struct option *option, const void *value, char *buf, size_t size)
{
    (void)option;
    format_set(value, side_words, buf, size);
}

static int parse_directions(
    const struct option *option, const char *text, void *value, struct err *err)
{
    return parse_set(option, text, direction_words, value, err);
}

static void format_directions(
    const struct option *option, const void *value, char *buf, size_t size)
{
    (void)option;
    format_set(value, direction_words, buf, size);
}

/* Parses a number with `parse`, then checks the row's range. */
static int parse_ranged(const struct option *option, const char *text, void *value, struct err *err,
    int (*parse)(const char *, uint64_t *, struct err *))
{
    uint64_t number;
    if (parse(text, &number, err) != 0 || check_range(option, text, number, err) != 0)
        return -1;
    *(uint64_t *)value = number;
    return 0;
}

/* Whether the value is 0 and the row has an unset_text. */
static bool is_unset(const struct option *option, uint64_t value, char *buf, size_t size)
{
    if (option->unset_text == NULL || value != 0)
        return false;
    snprintf(buf, size, "%s", "");
    return true;
}

static int parse_number(const struct option *option, const char *text, void *value, struct err *err)
{
    return parse_ranged(option, text, value, err, units_parse_number);
}

static void format_number(const struct option *option, const void *value, char *buf, size_t size)
{
    uint64_t number = *(const uint64_t *)value;
    if (!is_unset(option, number, buf, size))
        snprintf(buf, size, "%" PRIu64, number);
}

/* Reports a text that is neither a number nor the one word that the kind allows. */
static int report_neither(const struct option *option, const char *text, struct err *err)
{
    return err_set(err, "'%.*s' is not known, write %s", SHOWN_MAX, text, option->kind->form);
}

static bool begins_with_digit(const char *text)
{
    return text[0] >= '0' && text[0] <= '9';
}

static int parse_number_or_unlimited(
    const struct option *option, const char *text, void *value, struct err *err)
{
    if (begins_with_digit(text))
        return parse_number(option, text, value, err);
    if (strcmp(text, UNLIMITED) != 0)
        return report_neither(option, text, err);
    *(uint64_t *)value = UINT64_MAX;
    return 0;
}

static void format_number_or_unlimited(
    const struct option *option, const void *value, char *buf, size_t size)
{
    if (*(const uint64_t *)value == UINT64_MAX)
        snprintf(buf, size, UNLIMITED);
    else
        format_number(option, value, buf, size);
}

static int parse_duration(
    const struct option *option, const char *text, void *value, struct err *err)
{
    return parse_ranged(option, text, value, err, units_parse_duration);
}

static void format_duration(const struct option *option, const void *value, char *buf, size_t size)
{
    uint64_t us = *(const uint64_t *)value;
    if (!is_unset(option, us, buf, size))
        units_format_duration(us, buf, size);
}

static int parse_duration_or_forever(
    const struct option *option, const char *text, void *value, struct err *err)
{
    if (begins_with_digit(text))
        return parse_duration(option, text, value, err);
    if (strcmp(text, FOREVER) != 0)
        return report_neither(option, text, err);
    *(uint64_t *)value = UINT64_MAX;
    return 0;
}

static void format_duration_or_forever(
    const struct option *option, const void *value, char *buf, size_t size)
{
    if (*(const uint64_t *)value == UINT64_MAX)
        snprintf(buf, size, FOREVER);
    else
        format_duration(option, value, buf, size);
}

static int parse_size(const struct option *option, const char *text, void *value, struct err *err)
{
    return parse_ranged(option, text, value, err, units_parse_size);
}

static void format_size(const struct option *option, const void *value, char *buf, size_t size)
{
    uint64_t bytes = *(const uint64_t *)value;
    if (!is_unset(option, bytes, buf, size))
        units_format_size(bytes, buf, size);
}

static int parse_rate(const struct option *option, const char *text, void *value, struct err *err)
{
    return parse_ranged(option, text, value, err, units_parse_rate);
}

static void format_rate(const struct option *option, const void *value, char *buf, size_t size)
{
    uint64_t rate = *(const uint64_t *)value;
    if (!is_unset(option, rate, buf, size))
        units_format_rate(rate, buf, size);
}

static int parse_percentage(
    const struct option *option, const char *text, void *value, struct err *err)
{
    return parse_ranged(option, text, value, err, units_parse_percentage);
}

static void format_percentage(
    const struct option *option, const void *value, char *buf, size_t size)
{
    uint64_t ppb = *(const uint64_t *)value;
    if (!is_unset(option, ppb, buf, size))
        units_format_percentage(ppb, buf, size);
}

static int parse_path(const struct option *option, const char *text, void *value, struct err *err)
{
    size_t length = strlen(text);
    if (length == 0)
        return err_set(err, "the path is empty, write %s", option->kind->form);
    if (length >= OPTION_PATH_MAX)
        return err_set(
            err, "the path has %zu bytes, write one of at most %d", length, OPTION_PATH_MAX - 1);
    memcpy(value, text, length + 1);
    return 0;
}

static void format_path(const struct option *option, const void *value, char *buf, size_t size)
{
    (void)option;
    quote_format_value(value, buf, size);
}

const struct option_kind option_yes_no = {
    .name = "yes or no",
    .form = "yes or no",
    .size = sizeof(bool),
    .parse = parse_yes_no,
    .format = format_yes_no,
};

const struct option_kind option_number = {
    .name = "number",
    .form = "a number",
    .size = sizeof(uint64_t),
    .parse = parse_number,
    .format = format_number,
};

const struct option_kind option_number_or_unlimited = {
    .name = "number or unlimited",
    .form = "a number, or " UNLIMITED,
    .size = sizeof(uint64_t),
    .parse = parse_number_or_unlimited,
    .format = format_number_or_unlimited,
};

const struct option_kind option_duration = {
    .name = "duration",
    .form = "a duration such as 250us, 10ms, 1.5s, 2m or 1h",
    .size = sizeof(uint64_t),
    .parse = parse_duration,
    .format = format_duration,
};

const struct option_kind option_duration_or_forever = {
    .name = "duration or forever",
    .form = "a duration such as 250us, 10ms, 1.5s, 2m or 1h, or " FOREVER,
    .size = sizeof(uint64_t),
    .parse = parse_duration_or_forever,
    .format = format_duration_or_forever,
};

const struct option_kind option_size = {
    .name = "size",
    .form = "a size such as 512, 64k, 1M or 1G",
    .size = sizeof(uint64_t),
    .parse = parse_size,
    .format = format_size,
};

const struct option_kind option_rate = {
    .name = "rate",
    .form = "a rate in bytes a second such as 512/s, 64k/s, 1M/s or 1G/s",
    .size = sizeof(uint64_t),
    .parse = parse_rate,
    .format = format_rate,
};

const struct option_kind option_percentage = {
    .name = "percentage",
    .form = "a percentage such as 25% or 0.01%",
    .size = sizeof(uint64_t),
    .parse = parse_percentage,
    .format = format_percentage,
};

const struct option_kind option_choice = {
    .name = "choice",
    .form = "one of the choices",
    .size = sizeof(int),
    .parse = parse_choice,
    .format = format_choice,
};

const struct option_kind option_sides = {
    .name = "sides",
    .form = "client, server or both",
    .size = sizeof(unsigned),
    .parse = parse_sides,
    .format = format_sides,
};

const struct option_kind option_directions = {
    .name = "directions",
    .form = "upstream, downstream or both",
    .size = sizeof(unsigned),
    .parse = parse_directions,
    .format = format_directions,
};

const struct option_kind option_path = {
    .name = "path",
    .form = "a file name, in double quotes if it has blanks",
    .size = OPTION_PATH_MAX,
    .parse = parse_path,
    .format = format_path,
};
