/* SPDX-License-Identifier: MIT */
/*
 * Checks a section against a table. After a wrong value the default stays in its place, so that
 * later checks have a value; its bit in `bad` tells them to skip it.
 */
#include "config/check.h"

#include <assert.h>
#include <string.h>

#include "config/hints.h"
#include "proxy/base/suggest.h"

/* Returns the key whose value counts: the last one that overrides, or else the first. */
static const struct source_key *find_key(const struct source_section *section, const char *name)
{
    const struct source_key *found = NULL;
    for (size_t i = 0; i < section->key_count; i++)
        if (strcmp(section->keys[i].name, name) == 0 &&
            (found == NULL || section->keys[i].override))
            found = &section->keys[i];
    return found;
}

bool check_has_key(const struct source_section *section, const char *name)
{
    return find_key(section, name) != NULL;
}

void check_report_problem(struct problems *problems, const struct source_section *section,
    const char *key, const char *text)
{
    const struct source_key *given = find_key(section, key);
    problems_add(
        problems, given != NULL ? given->place : section->place, section->title, key, "%s", text);
}

static unsigned row_bit(const struct option *table, const struct option *option)
{
    size_t row = (size_t)(option - table);
    assert(row < sizeof(unsigned) * 8);
    return 1u << row;
}

bool check_is_bad(const struct key_flags *flags, const struct option *table, const char *name)
{
    return (flags->bad & row_bit(table, option_find(table, name))) != 0;
}

/* Stores one key, if the table has a row for it. */
static void take_key(struct problems *problems, const struct source_section *section,
    const struct option *table, const struct source_key *key, void *base, struct key_flags *flags)
{
    struct err err;
    const struct option *option = option_find(table, key->name);
    if (option == NULL)
        return;
    flags->given |= row_bit(table, option);
    if (key->value == NULL) {
        flags->bad |= row_bit(table, option);
    } else if (option_parse(option, key->value, base, &err) != 0) {
        flags->bad |= row_bit(table, option);
        problems_add(problems, key->place, section->title, key->name, "%s", err.text);
    }
}

static void offer_names(struct suggest *suggest, const struct option *table)
{
    for (; table != NULL && table->name != NULL; table++)
        suggest_offer(suggest, table->name);
}

/* Whether an unknown key is a misspelling of this one: then it is already reported. */
static bool is_misspelt(
    const struct source_section *section, const struct option *table, const struct option *wanted)
{
    for (size_t i = 0; i < section->key_count; i++) {
        struct suggest suggest;
        if (option_find(table, section->keys[i].name) != NULL)
            continue;
        suggest_init(&suggest, section->keys[i].name);
        offer_names(&suggest, table);
        if (suggest.best == wanted->name)
            return true;
    }
    return false;
}

static void check_missing(struct problems *problems, const struct source_section *section,
    const struct option *table, struct key_flags *flags)
{
    char right[OPTION_TEXT_MAX];
    for (const struct option *option = table; option->name != NULL; option++) {
        if (!option->required || (flags->given & row_bit(table, option)) != 0)
            continue;
        if (option->unless != NULL && find_key(section, option->unless) != NULL)
            continue;
        flags->bad |= row_bit(table, option);
        if (section->duplicate || is_misspelt(section, table, option))
            continue;
        option_describe(option, right, sizeof right);
        problems_add(problems, section->place, section->title, option->name,
            "the key is missing, write %s", right);
    }
}

struct key_flags check_table(struct problems *problems, const struct source_section *section,
    const struct option *table, void *base)
{
    struct key_flags flags = {0};
    option_set_defaults(table, base);
    /* Keys from config_source_set come last: they win, but do not hide a wrong value. */
    for (int override = 0; override <= 1; override++)
        for (size_t i = 0; i < section->key_count; i++)
            if (section->keys[i].override == (override == 1))
                take_key(problems, section, table, &section->keys[i], base, &flags);
    check_missing(problems, section, table, &flags);
    return flags;
}

static void append_names(char *buf, size_t size, const struct option *table)
{
    for (size_t used = strlen(buf); table != NULL && table->name != NULL && used < size; table++)
        used +=
            (size_t)snprintf(buf + used, size - used, "%s%s", used > 0 ? ", " : "", table->name);
}

void check_report_unknown(struct problems *problems, const struct source_section *section,
    const struct source_key *key, const struct option *table, const struct option *more,
    const char *owner)
{
    struct suggest suggest;
    char meant[SUGGEST_TEXT_MAX], names[OPTION_TEXT_MAX] = "";
    const char *hint = hint_for_key(table, key->name);
    suggest_init(&suggest, key->name);
    offer_names(&suggest, more);
    offer_names(&suggest, table);
    append_names(names, sizeof names, table);
    append_names(names, sizeof names, more);
    if (hint != NULL)
        problems_add(
            problems, key->place, section->title, key->name, "unknown key, write %s", hint);
    else if (suggest.best != NULL)
        problems_add(problems, key->place, section->title, key->name, "unknown key%s",
            suggest_text(&suggest, meant, sizeof meant));
    else
        problems_add(problems, key->place, section->title, key->name, "unknown key, %s has %s",
            owner, names);
}

void check_unknown_keys(struct problems *problems, const struct source_section *section,
    const struct option *table, const struct option *more, const char *owner)
{
    for (size_t i = 0; i < section->key_count; i++) {
        const struct source_key *key = &section->keys[i];
        if (option_find(table, key->name) == NULL &&
            (more == NULL || option_find(more, key->name) == NULL))
            check_report_unknown(problems, section, key, table, more, owner);
    }
}
