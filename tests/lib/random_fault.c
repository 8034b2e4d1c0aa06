/* SPDX-License-Identifier: MIT */
/* Random faults of any type: see random_fault.h. */
#include "tests/lib/random_fault.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "config/fault_rules.h"
#include "proxy/base/rng.h"
#include "proxy/base/units.h"

/* The range from which a value is drawn. */
struct draw {
    const struct option *option;
    const struct random_range *range;
    uint64_t *random;
    char *text; /* where it goes */
    size_t size;
};

uint64_t random_below(uint64_t *random, uint64_t bound)
{
    return rng_below(0, (*random)++, bound);
}

static uint64_t below(const struct draw *draw, uint64_t bound)
{
    return random_below(draw->random, bound);
}

static const char *one_of(const struct draw *draw, const char *const *values, size_t count)
{
    return values[below(draw, count)];
}

#define ONE_OF(draw, ...)                                                                          \
    one_of(draw, (const char *const[]){__VA_ARGS__},                                               \
        sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

/* A number in the row's range: one of its ends now and then, small ones as often as large ones. */
static uint64_t number(const struct draw *draw, uint64_t limit)
{
    uint64_t min = draw->option->min;
    uint64_t max = draw->option->max == 0 || draw->option->max > limit ? limit : draw->option->max;
    max = max < min ? min : max;
    if (below(draw, 8) == 0)
        return below(draw, 2) == 0 ? min : max;
    uint64_t scale = UINT64_C(1) << below(draw, 33);
    uint64_t most = max - min < scale ? max - min : scale;
    return min + below(draw, most + 1);
}

static void put(const struct draw *draw, const char *word)
{
    snprintf(draw->text, draw->size, "%s", word);
}

static void put_number(const struct draw *draw)
{
    snprintf(draw->text, draw->size, "%" PRIu64, number(draw, draw->range->bytes));
}

static void put_number_or_unlimited(const struct draw *draw)
{
    if (below(draw, 2) == 0)
        put(draw, "unlimited");
    else
        put_number(draw);
}

static void put_duration(const struct draw *draw)
{
    units_format_duration(number(draw, draw->range->duration_us), draw->text, draw->size);
}

static void put_duration_or_forever(const struct draw *draw)
{
    if (below(draw, 2) == 0)
        put(draw, "forever");
    else
        put_duration(draw);
}

static void put_size(const struct draw *draw)
{
    units_format_size(number(draw, draw->range->bytes), draw->text, draw->size);
}

/* At least so fast that all bytes come through in a second. */
static void put_rate(const struct draw *draw)
{
    units_format_rate(draw->range->bytes + number(draw, UINT32_MAX), draw->text, draw->size);
}

static void put_percentage(const struct draw *draw)
{
    units_format_percentage(number(draw, PPB_ALL), draw->text, draw->size);
}

static void put_choice(const struct draw *draw)
{
    size_t count = 0;
    while (draw->option->choices[count] != NULL)
        count++;
    put(draw, one_of(draw, draw->option->choices, count));
}

static void put_yes_or_no(const struct draw *draw)
{
    put(draw, below(draw, 4) == 0 ? "no" : "yes");
}

static void put_sides(const struct draw *draw)
{
    put(draw, ONE_OF(draw, "client", "server", "both"));
}

static void put_directions(const struct draw *draw)
{
    put(draw, ONE_OF(draw, "upstream", "downstream", "both"));
}

static void put_string(const struct draw *draw)
{
    const char *const *letters = draw->range->letters;
    size_t length = 1 + below(draw, 6), count = 0;
    size_t used = (size_t)snprintf(draw->text, draw->size, "\"");
    while (letters[count] != NULL)
        count++;
    for (size_t i = 0; i < length; i++)
        used += (size_t)snprintf(
            draw->text + used, draw->size - used, "%s", letters[below(draw, count)]);
    snprintf(draw->text + used, draw->size - used, "\"");
}

static void put_after(const struct draw *draw)
{
    put(draw, ONE_OF(draw, "f0", "f0/any"));
}

static struct draw behind(const struct draw *draw, const char *word)
{
    struct draw rest = *draw;
    int used = snprintf(draw->text, draw->size, "%s", word);
    rest.text += used;
    rest.size -= (size_t)used;
    return rest;
}

/* A pattern, and perhaps which occurrence of it, and how far behind it. */
static void put_match(const struct draw *draw)
{
    put_string(draw);
    size_t used = strlen(draw->text);
    used += (size_t)snprintf(
        draw->text + used, draw->size - used, "%s", ONE_OF(draw, "", "", "#1", "#2", "#7"));
    snprintf(draw->text + used, draw->size - used, "%s", ONE_OF(draw, "", "", "+0", "+1", "+90"));
}

/* The forms that both keys take; each as often as the others. */
static void put_end(const struct draw *draw)
{
    static const struct {
        const char *word;
        void (*put)(const struct draw *draw);
    } forms[] = {
        {"bytes:", put_size},
        {"match:", put_match},
        {"time:", put_duration},
        {"idle:", put_duration},
        {"run:", put_duration},
        {"eof", NULL},
    };
    size_t i = below(draw, sizeof forms / sizeof forms[0]);
    struct draw rest = behind(draw, forms[i].word);
    if (forms[i].put != NULL)
        forms[i].put(&rest);
}

static void put_until(const struct draw *draw)
{
    if (below(draw, 5) == 0)
        put(draw, "never");
    else
        put_end(draw);
}

static void put_trigger(const struct draw *draw)
{
    if (below(draw, 4) == 0)
        put(draw, ONE_OF(draw, "open", "accept"));
    else
        put_end(draw);
}

static void put_selection(const struct draw *draw)
{
    put(draw, ONE_OF(draw, "all", "2", "1-3", "5-", "every:3", "1,3-9,every:1"));
}

static void put_addresses(const struct draw *draw)
{
    put(draw,
        ONE_OF(draw, "any", "127.0.0.1", "::/0, 10.0.0.0/8", "::ffff:1.2.3.4", "::ffff:ffff"));
}

static void put_destinations(const struct draw *draw)
{
    put(draw, ONE_OF(draw, "any", "*", "443", "*.example.com, 10.0.0.0/8:80-90", "[::1]:443"));
}

static void put_server_names(const struct draw *draw)
{
    put(draw, ONE_OF(draw, "any", "any", "a.example.com", "*.example.com, b"));
}

static void put_window(const struct draw *draw)
{
    char end[64];
    struct draw from = *draw, to = *draw;
    put_duration(&from);
    to.text = end;
    to.size = sizeof end;
    put_duration(&to);
    size_t used = strlen(draw->text);
    snprintf(draw->text + used, draw->size - used, "-%s", below(draw, 2) == 0 ? "" : end);
}

static void put_names(const struct draw *draw)
{
    put(draw, ONE_OF(draw, "*", "a", "a, b", "b"));
}

static void put_value(const struct draw *draw)
{
    static const struct {
        const char *kind;
        void (*put)(const struct draw *draw);
    } kinds[] = {
        {"number", put_number},
        {"number or unlimited", put_number_or_unlimited},
        {"duration", put_duration},
        {"duration or forever", put_duration_or_forever},
        {"size", put_size},
        {"offset", put_size},
        {"rate", put_rate},
        {"percentage", put_percentage},
        {"choice", put_choice},
        {"yes or no", put_yes_or_no},
        {"sides", put_sides},
        {"directions", put_directions},
        {"string", put_string},
        {"trigger", put_trigger},
        {"end", put_until},
        {"connections", put_selection},
        {"addresses", put_addresses},
        {"destinations", put_destinations},
        {"server names", put_server_names},
        {"window", put_window},
        {"names", put_names},
        {"after", put_after},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(kinds[i].kind, draw->option->kind->name) == 0) {
            kinds[i].put(draw);
            return;
        }
    }
    fail_msg("no values of the kind `%s`, add some", draw->option->kind->name);
}

/* Rows of one table: those in `always`, and half of the others but those in `never`. */
static size_t write_keys(const struct draw *base, const struct option *table, unsigned always,
    unsigned never, char *text, size_t size)
{
    size_t used = 0;
    for (unsigned row = 0; table[row].name != NULL; row++) {
        char value[256];
        struct draw draw = *base;
        bool wanted = (always & 1u << row) != 0 || table[row].required || below(base, 2) == 0;
        if (!wanted || (never & 1u << row) != 0)
            continue;
        draw.option = &table[row];
        draw.text = value;
        draw.size = sizeof value;
        put_value(&draw);
        used += (size_t)snprintf(text + used, size - used, "%s = %s\n", table[row].name, value);
        assert_true(used < size);
    }
    return used;
}

static size_t write_fault(const struct fault_type *type, const struct random_range *range,
    unsigned never, uint64_t *random, char *text, size_t size)
{
    const struct draw base = {.range = range, .random = random};
    unsigned inapplicable = 0;
    unsigned side = type->side_rule == SIDE_REQUIRED ? 1u << ROW_SIDE : 0;
    bool suits = range->foreign == 0 || random_below(random, range->foreign) != 0;
    for (unsigned row = 0; row < ROW_COUNT && suits; row++)
        if (!fault_key_suits(&fault_options[row], type))
            inapplicable |= 1u << row;
    if (below(&base, 8) != 0) /* it needs edge = before: most draws would be refused */
        never |= 1u << ROW_MATCH_HOLD;
    size_t used = (size_t)snprintf(text, size, "type = %s\n", type->name);
    used += write_keys(&base, fault_options, side, never | inapplicable | 1u << ROW_TYPE,
        text + used, size - used);
    return used + write_keys(&base, type->options, 0, 0, text + used, size - used);
}

size_t random_fault_write(const struct fault_type *type, const struct random_range *range,
    uint64_t *random, char *text, size_t size)
{
    return write_fault(type, range, 0, random, text, size);
}

size_t random_fault_write_plain(const struct fault_type *type, const struct random_range *range,
    uint64_t *random, char *text, size_t size)
{
    const unsigned never = 1u << ROW_MATCH_HOLD | 1u << ROW_CONCURRENT | 1u << ROW_PROXY |
                           1u << ROW_CONNECTIONS | 1u << ROW_TIMES | 1u << ROW_CHANCE |
                           1u << ROW_CLIENTS | 1u << ROW_DESTINATIONS | 1u << ROW_ACTIVE |
                           1u << ROW_ENABLED;
    return write_fault(type, range, never, random, text, size);
}
