/* SPDX-License-Identifier: MIT */
/* One row for each option; a row's function reads its value. */
#include "proxy/app/sweep/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/sweep_fault.h"
#include "proxy/base/quote.h"
#include "proxy/base/units.h"

static const char *const default_faults[] = {
    "close side=client", "close side=server", "reset", "reset mode=abrupt", "half_close", "stall"};

/* --- values --- */

#define TYPE_KEY "type="

/* A fault may be written as after --fault, `type=reset mode=abrupt`; in reports its type stands
 * first, alone. */
static char *copy_fault(const char *text, size_t length)
{
    size_t key = strlen(TYPE_KEY), word = 0;
    char *copy = strndup(text, length);
    const char *type = copy != NULL ? quote_find_outside(copy, TYPE_KEY) : NULL;
    if (type == NULL || (type != copy && type[-1] != ' '))
        return copy;
    char *made = malloc(length + 1);
    word = strcspn(type, " ");
    if (made != NULL) {
        size_t before = (size_t)(type - copy);
        const char *rest = type + word + strspn(type + word, " ");
        snprintf(made, length + 1, "%.*s%s%.*s%s", (int)(word - key), type + key,
            before > 0 || *rest != '\0' ? " " : "", (int)before, copy, rest);
        for (size_t end = strlen(made); end > 0 && made[end - 1] == ' '; end--)
            made[end - 1] = '\0';
    }
    free(copy);
    return made;
}

static int options_add_fault(
    struct sweep_options *options, const char *text, size_t length, struct err *err)
{
    if (length == 0)
        return err_set(err, "a fault is missing, write one such as 'reset mode=abrupt'");
    if (options->fault_count == SWEEP_FAULTS_MAX)
        return err_set(err, "too many faults, at most %d", SWEEP_FAULTS_MAX);
    char **grown = realloc(options->faults, (options->fault_count + 1) * sizeof grown[0]);
    if (grown != NULL)
        options->faults = grown;
    char *copy = grown != NULL ? copy_fault(text, length) : NULL;
    if (copy == NULL)
        return err_set(err, "out of memory");
    options->faults[options->fault_count++] = copy;
    return 0;
}

/* One value can have several faults, with `|` between them: a key of a file can be given once. */
static int set_faults(struct sweep_options *options, const char *value, struct err *err)
{
    const char *fault;
    size_t length;
    while ((fault = sweep_fault_next(&value, &length)) != NULL)
        if (options_add_fault(options, fault, length, err) != 0)
            return -1;
    return 0;
}

static int set_jobs(struct sweep_options *options, const char *value, struct err *err)
{
    uint64_t jobs;
    if (units_parse_number(value, &jobs, err) != 0)
        return -1;
    if (jobs == 0 || jobs > SWEEP_JOBS_MAX)
        return err_set(err, "'%.40s' is out of range, write 1 to %d", value, SWEEP_JOBS_MAX);
    options->jobs = (unsigned)jobs;
    return 0;
}

static int set_budget(struct sweep_options *options, const char *value, struct err *err)
{
    return sweep_budget_parse(value, &options->budget, &options->budget_us, err);
}

static int set_timeout(struct sweep_options *options, const char *value, struct err *err)
{
    if (units_parse_duration(value, &options->timeout_us, err) != 0)
        return -1;
    if (options->timeout_us < US_PER_MS) /* libuv's timers count milliseconds */
        return err_set(err, "'%.40s' is no time to wait, write one such as 10s", value);
    return 0;
}

static int set_random(struct sweep_options *options, const char *value, struct err *err)
{
    if (units_parse_number(value, &options->random, err) != 0)
        return -1;
    return options->random > 0 ? 0 : err_set(err, "0 runs try nothing, write 1 or more");
}

static int set_expect(struct sweep_options *options, const char *value, struct err *err)
{
    options->expect_same = strcmp(value, "same") == 0;
    if (options->expect_same || strcmp(value, "failed") == 0)
        return 0;
    return err_set(err, "'%.40s' is not known, write same or failed", value);
}

static int add_compare(struct sweep_options *options, const char *name, struct err *err)
{
    if (strcmp(name, "upstream") == 0) {
        options->compare_upstream = true;
        return 0;
    }
    if (options->compare_count == SWEEP_COMPARES_MAX)
        return err_set(err, "too many files, at most %d", SWEEP_COMPARES_MAX);
    options->compares[options->compare_count] = strdup(name);
    if (options->compares[options->compare_count] == NULL)
        return err_set(err, "out of memory");
    options->compare_count++;
    return 0;
}

static int set_allow(struct sweep_options *options, const char *value, struct err *err)
{
    return sweep_outcomes_parse(value, &options->allowed, err);
}

/* Names of files with commas between. */
static int set_compare(struct sweep_options *options, const char *value, struct err *err)
{
    char item[512];
    int more;
    while ((more = sweep_next_item(&value, item, sizeof item, err)) > 0)
        if (add_compare(options, item, err) != 0)
            return -1;
    return more;
}

/* Options whose value is kept as it is. */
#define TEXT_ROW(member)                                                                           \
    static int set_##member(struct sweep_options *options, const char *value, struct err *err)     \
    {                                                                                              \
        (void)err;                                                                                 \
        options->member = value;                                                                   \
        return 0;                                                                                  \
    }
TEXT_ROW(setup)
TEXT_ROW(check)
TEXT_ROW(only)
TEXT_ROW(dir)
TEXT_ROW(resume)
TEXT_ROW(known)
TEXT_ROW(html)

static const struct {
    const char *name;
    int (*set)(struct sweep_options *options, const char *value, struct err *err);
} rows[] = {
    {"sweep_fault", set_faults},
    {"jobs", set_jobs},
    {"budget", set_budget},
    {"timeout", set_timeout},
    {"setup", set_setup},
    {"check", set_check},
    {"compare", set_compare},
    {"expect", set_expect},
    {"allow", set_allow},
    {"random", set_random},
    {"only", set_only},
    {"dir", set_dir},
    {"resume", set_resume},
    {"known", set_known},
    {"html", set_html},
};

/* --- the options --- */

void sweep_options_init(struct sweep_options *options)
{
    *options = (struct sweep_options){.budget = SWEEP_BUDGET, .budget_us = UINT64_MAX};
}

void sweep_options_deinit(struct sweep_options *options)
{
    for (size_t i = 0; i < options->fault_count; i++)
        free(options->faults[i]);
    free(options->faults);
    for (size_t i = 0; i < options->compare_count; i++)
        free(options->compares[i]);
}

/* `-` and `_` are alike: an option and the key of the file are one row. */
bool sweep_options_same_name(const char *a, const char *b)
{
    for (; *a != '\0' && *b != '\0'; a++, b++) {
        if ((*a == '-' ? '_' : *a) != *b)
            return false;
    }
    return *a == *b;
}

int sweep_options_set(
    struct sweep_options *options, const char *name, const char *value, struct err *err)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (sweep_options_same_name(name, rows[i].name))
            return rows[i].set(options, value, err);
    }
    return err_set(err, "there is no such option");
}

int sweep_options_finish(struct sweep_options *options, struct err *err)
{
    if (options->fault_count > 0)
        return 0;
    for (size_t i = 0; i < sizeof default_faults / sizeof default_faults[0]; i++)
        if (options_add_fault(options, default_faults[i], strlen(default_faults[i]), err) != 0)
            return -1;
    return 0;
}
