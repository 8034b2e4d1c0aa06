/* SPDX-License-Identifier: MIT */
#include "config/sweep.h"

#include <stdio.h>
#include <string.h>

#include "config/kind.h"
#include "proxy/base/suggest.h"
#include "proxy/base/units.h"

const char *const sweep_outcome_names[SWEEP_OUTCOMES + 1] = {
    "not_reached", "hung", "crashed", "check_failed", "failed", "different", "same", "flaky", NULL};

int sweep_budget_parse(const char *text, uint64_t *places, uint64_t *time_us, struct err *err)
{
    struct err ignored;
    *time_us = UINT64_MAX;
    if (units_parse_number(text, places, &ignored) == 0 && *places > 0)
        return 0;
    *places = UINT64_MAX;
    if (units_parse_duration(text, time_us, &ignored) == 0 && *time_us > 0)
        return 0;
    return err_set(
        err, "'%.40s' is no budget, write a number of places (300) or a time (10m)", text);
}

static int add_outcome(const char *name, unsigned *outcomes, struct err *err)
{
    struct suggest suggest;
    char hint[SUGGEST_TEXT_MAX];
    suggest_init(&suggest, name);
    for (unsigned i = 0; sweep_outcome_names[i] != NULL; i++) {
        if (strcmp(sweep_outcome_names[i], name) == 0) {
            *outcomes |= 1u << i;
            return 0;
        }
        suggest_offer(&suggest, sweep_outcome_names[i]);
    }
    return err_set(err, "'%.40s' is no outcome%s", name, suggest_text(&suggest, hint, sizeof hint));
}

int sweep_next_item(const char **rest, char *out, size_t size, struct err *err)
{
    int more = units_next_element(rest, out, size);
    return more < 0 || (more > 0 && out[0] == '\0')
               ? err_set(err, "an item of the list is missing or too long")
               : more;
}

int sweep_outcomes_parse(const char *text, unsigned *outcomes, struct err *err)
{
    char name[OPTION_PATH_MAX];
    int more;
    while ((more = sweep_next_item(&text, name, sizeof name, err)) > 0)
        if (add_outcome(name, outcomes, err) != 0)
            return -1;
    return more;
}

static int parse_budget(const struct option *option, const char *text, void *value, struct err *err)
{
    uint64_t places, time_us;
    return sweep_budget_parse(text, &places, &time_us, err) != 0
               ? -1
               : option_text.parse(option, text, value, err);
}

static int parse_compare(
    const struct option *option, const char *text, void *value, struct err *err)
{
    char item[OPTION_PATH_MAX];
    const char *rest = text;
    unsigned files = 0;
    int more;
    while ((more = sweep_next_item(&rest, item, sizeof item, err)) > 0)
        if (strcmp(item, "upstream") != 0 && ++files > SWEEP_COMPARES_MAX)
            return err_set(err, "too many files, at most %d", SWEEP_COMPARES_MAX);
    return more != 0 ? -1 : option_text.parse(option, text, value, err);
}

static int parse_outcomes(
    const struct option *option, const char *text, void *value, struct err *err)
{
    unsigned outcomes = 0;
    return sweep_outcomes_parse(text, &outcomes, err) != 0
               ? -1
               : option_text.parse(option, text, value, err);
}

static void sweep_format(const struct option *option, const void *value, char *buf, size_t size)
{
    option_text.format(option, value, buf, size);
}

const struct option_kind option_budget = {
    .name = "budget",
    .form = "a number of places such as 300, or a time such as 10m",
    .size = OPTION_PATH_MAX,
    .parse = parse_budget,
    .format = sweep_format,
};

const struct option_kind option_compare = {
    .name = "files",
    .form = "files with commas between, and upstream",
    .size = OPTION_PATH_MAX,
    .parse = parse_compare,
    .format = sweep_format,
};

const struct option_kind option_outcomes = {
    .name = "outcomes",
    .form = "outcomes with commas between, such as failed, hung",
    .size = OPTION_PATH_MAX,
    .parse = parse_outcomes,
    .format = sweep_format,
};
