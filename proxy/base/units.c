/* SPDX-License-Identifier: MIT */
/*
 * A quantity is `DIGITS[.DIGITS]UNIT`. The fraction is kept as digits and a power of ten until the
 * unit is known, so that `1.5s` is 1500000 and not 1499999: there is no floating point. A value
 * that is not exact in the base unit, or too large, is an error and never rounded.
 */
#include "proxy/base/units.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define SHOWN_MAX 48 /* characters of a wrong value that an error text quotes */

/* Nine digits of fraction times the largest unit (1 h = 3.6e9 us) stay below 2^63. */
#define FRACTION_DIGITS_MAX 9

struct unit {
    const char *name;
    uint64_t factor; /* base units in this unit */
};

/* Largest first: the formatters take the first unit that divides the value. */
static const struct unit duration_units[] = {
    {"h", 3600u * UINT64_C(1000000)},
    {"m", 60u * UINT64_C(1000000)},
    {"s", 1000000},
    {"ms", 1000},
    {"us", 1},
    {NULL, 0},
};

static const struct unit size_units[] = {
    {"G", UINT64_C(1) << 30},
    {"M", UINT64_C(1) << 20},
    {"k", UINT64_C(1) << 10},
    {"", 1},
    {NULL, 0},
};

static const struct unit rate_units[] = {
    {"G/s", UINT64_C(1) << 30},
    {"M/s", UINT64_C(1) << 20},
    {"k/s", UINT64_C(1) << 10},
    {"/s", 1},
    {NULL, 0},
};

#define PPB_PER_PERCENT 10000000u
#define PERCENT_DIGITS 7 /* digits of the fraction: 10^7 parts per billion are 1% */

static const struct unit percentage_units[] = {
    {"%", PPB_PER_PERCENT},
    {NULL, 0},
};

/* Names of a quantity, for the error texts. */
struct measure {
    const struct unit *units;
    const char *what;
    const char *base;
    const char *right;
};

static const struct measure duration_measure = {
    .units = duration_units,
    .what = "duration",
    .base = "1us",
    .right = "write a duration such as 250us, 10ms, 1.5s, 2m or 1h",
};

static const struct measure size_measure = {
    .units = size_units,
    .what = "size",
    .base = "1 byte",
    .right = "write a size such as 512, 64k, 1M or 1G",
};

static const struct measure rate_measure = {
    .units = rate_units,
    .what = "rate",
    .base = "1 byte a second",
    .right = "write a rate such as 512/s, 64k/s, 1M/s or 1G/s",
};

static const struct measure percentage_measure = {
    .units = percentage_units,
    .what = "percentage",
    .base = "0.0000001%",
    .right = "write a percentage such as 25% or 0.01%",
};

/* A decimal number: whole + fraction / scale. */
struct decimal {
    uint64_t whole;
    uint64_t fraction;
    uint64_t scale;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Appends a digit. Returns false on overflow. */
static bool push_digit(uint64_t *number, char digit)
{
    uint64_t value;
    if (__builtin_mul_overflow(*number, 10u, &value))
        return false;
    return !__builtin_add_overflow(value, (uint64_t)(digit - '0'), number);
}

/* Parses the digits after the point, without trailing zeros. Returns the text behind them, or NULL
 * if there are none or too many. */
static const char *read_fraction(const char *text, struct decimal *decimal)
{
    size_t count = strspn(text, "0123456789");
    size_t kept = count;
    while (kept > 0 && text[kept - 1] == '0')
        kept--;
    if (count == 0 || kept > FRACTION_DIGITS_MAX)
        return NULL;
    for (size_t i = 0; i < kept; i++) {
        push_digit(&decimal->fraction, text[i]);
        decimal->scale *= 10;
    }
    return text + count;
}

static const struct unit *find_unit(const struct unit *units, const char *name)
{
    for (; units->name != NULL; units++)
        if (strcmp(units->name, name) == 0)
            return units;
    return NULL;
}

/* Computes decimal * factor exactly. Returns 0, -1 if too large, or -2 if not a whole number. */
static int scale_up(const struct decimal *decimal, uint64_t factor, uint64_t *out)
{
    uint64_t product = decimal->fraction * factor;
    uint64_t whole;
    if (product % decimal->scale != 0)
        return -2;
    if (__builtin_mul_overflow(decimal->whole, factor, &whole))
        return -1;
    return __builtin_add_overflow(whole, product / decimal->scale, out) ? -1 : 0;
}

static int report_no_number(const struct measure *measure, const char *text, struct err *err)
{
    if (text[0] == '-')
        return err_set(err, "'%.*s' is negative, %s", SHOWN_MAX, text, measure->right);
    return err_set(err, "'%.*s' is not a %s, %s", SHOWN_MAX, text, measure->what, measure->right);
}

static int report_wrong_unit(
    const struct measure *measure, const char *text, const char *unit, struct err *err)
{
    if (unit[0] == '\0')
        return err_set(err, "'%.*s' has no unit, %s", SHOWN_MAX, text, measure->right);
    return err_set(err, "'%.*s' has an unknown unit '%.*s', %s", SHOWN_MAX, text, SHOWN_MAX, unit,
        measure->right);
}

static int parse_quantity(
    const struct measure *measure, const char *text, uint64_t *value, struct err *err)
{
    struct decimal decimal = {.scale = 1};
    const char *rest = text;
    if (!is_digit(*rest))
        return report_no_number(measure, text, err);
    for (; is_digit(*rest); rest++)
        if (!push_digit(&decimal.whole, *rest))
            return err_set(err, "'%.*s' is too large for a %s, %s", SHOWN_MAX, text, measure->what,
                measure->right);
    if (*rest == '.' && (rest = read_fraction(rest + 1, &decimal)) == NULL)
        return err_set(err, "'%.*s' needs 1 to %d digits after its point, %s", SHOWN_MAX, text,
            FRACTION_DIGITS_MAX, measure->right);
    const struct unit *unit = find_unit(measure->units, rest);
    if (unit == NULL)
        return report_wrong_unit(measure, text, rest, err);
    int rc = scale_up(&decimal, unit->factor, value);
    if (rc == -2)
        return err_set(err, "'%.*s' is not a whole multiple of %s, %s", SHOWN_MAX, text,
            measure->base, measure->right);
    if (rc != 0)
        return err_set(err, "'%.*s' is too large for a %s, %s", SHOWN_MAX, text, measure->what,
            measure->right);
    return 0;
}

int units_parse_duration(const char *text, uint64_t *us, struct err *err)
{
    uint64_t value = 0;
    if (strcmp(text, "0") != 0 && parse_quantity(&duration_measure, text, &value, err) != 0)
        return -1;
    if (value == UINT64_MAX) /* reserved: means "forever" everywhere */
        return err_set(err, "'%.*s' is too large for a duration", SHOWN_MAX, text);
    *us = value;
    return 0;
}

int units_parse_size(const char *text, uint64_t *bytes, struct err *err)
{
    uint64_t value = 0;
    if (parse_quantity(&size_measure, text, &value, err) != 0)
        return -1;
    *bytes = value;
    return 0;
}

int units_parse_rate(const char *text, uint64_t *bytes_per_s, struct err *err)
{
    uint64_t value = 0;
    if (parse_quantity(&rate_measure, text, &value, err) != 0)
        return -1;
    *bytes_per_s = value;
    return 0;
}

int units_parse_percentage(const char *text, uint64_t *ppb, struct err *err)
{
    uint64_t value = 0;
    if (parse_quantity(&percentage_measure, text, &value, err) != 0)
        return -1;
    if (value > UINT64_C(100) * PPB_PER_PERCENT)
        return err_set(
            err, "'%.*s' is more than 100%%, %s", SHOWN_MAX, text, percentage_measure.right);
    *ppb = value;
    return 0;
}

int units_parse_number(const char *text, uint64_t *number, struct err *err)
{
    uint64_t value = 0;
    if (text[0] == '\0')
        return err_set(err, "the number is missing, write decimal digits");
    for (const char *c = text; *c != '\0'; c++) {
        if (!is_digit(*c))
            return err_set(
                err, "'%.*s' is not a number, write decimal digits only", SHOWN_MAX, text);
        if (!push_digit(&value, *c))
            return err_set(err, "'%.*s' is too large, a number is at most %" PRIu64, SHOWN_MAX,
                text, UINT64_MAX);
    }
    *number = value;
    return 0;
}

/* Writes the value in the largest unit in which it is a whole number; `zero` if it is 0. */
static void format_whole(
    const struct unit *units, uint64_t value, const char *zero, char *buf, size_t size)
{
    if (value == 0) {
        snprintf(buf, size, "%s", zero);
        return;
    }
    while (value % units->factor != 0)
        units++;
    snprintf(buf, size, "%" PRIu64 "%s", value / units->factor, units->name);
}

void units_format_duration(uint64_t us, char *buf, size_t size)
{
    format_whole(duration_units, us, "0s", buf, size);
}

void units_format_size(uint64_t bytes, char *buf, size_t size)
{
    format_whole(size_units, bytes, "0", buf, size);
}

void units_format_rate(uint64_t bytes_per_s, char *buf, size_t size)
{
    format_whole(rate_units, bytes_per_s, "0/s", buf, size);
}

void units_format_percentage(uint64_t ppb, char *buf, size_t size)
{
    char text[48];
    int n = snprintf(text, sizeof text, "%" PRIu64 ".%0*" PRIu64, ppb / PPB_PER_PERCENT,
        PERCENT_DIGITS, ppb % PPB_PER_PERCENT);
    while (n > 0 && text[n - 1] == '0')
        n--;
    if (n > 0 && text[n - 1] == '.')
        n--;
    snprintf(buf, size, "%.*s%%", n, text);
}

int units_next_element(const char **rest, char *out, size_t size)
{
    const char *text = *rest;
    if (text == NULL)
        return 0;
    size_t length = strcspn(text, ",");
    *rest = text[length] == ',' ? text + length + 1 : NULL;
    size_t blanks = strspn(text, " \t");
    text += blanks;
    length -= blanks;
    while (length > 0 && (text[length - 1] == ' ' || text[length - 1] == '\t'))
        length--;
    bool fits = length < size;
    length = fits ? length : size - 1;
    memcpy(out, text, length);
    out[length] = '\0';
    return fits ? 1 : -1;
}
