/* SPDX-License-Identifier: MIT */
/*
 * A [fault NAME] section. First the envelope, then the keys of its type, then the rules between
 * them, which are rows of one table. A rule is asked only when every key it looks at was readable.
 *
 * A type that is misspelt is reported once; the keys are then held against the type that was meant,
 * so that they are neither all unknown nor all unchecked.
 */
#include <assert.h>
#include <string.h>

#include "config/check.h"
#include "proxy/base/suggest.h"

/* Rows of fault_options, by the order of that table. */
enum {
    ROW_PROXY,
    ROW_TYPE,
    ROW_DIRECTION,
    ROW_SIDE,
    ROW_OTHER,
    ROW_WHEN,
    ROW_CONNECTIONS,
    ROW_TIMES,
};

#define BIT(row) (1u << (row))

/* A fault under examination. */
struct examination {
    struct problems *problems;
    const struct source_section *section;
    struct fault *fault;
    struct answers envelope; /* about fault_options */
    struct answers own;      /* about the type's options */
};

static bool given(const struct examination *exam, unsigned row)
{
    return (exam->envelope.given & BIT(row)) != 0;
}

static bool readable(const struct examination *exam, unsigned rows)
{
    return (exam->envelope.bad & rows) == 0;
}

static const char *trigger_text(const struct fault *fault, char *buf, size_t size)
{
    option_trigger.format(&fault_options[ROW_WHEN], &fault->when, buf, size);
    return buf;
}

/* The rules. Each fills `err` and returns -1, or returns 0. */

static int direction_means_something(const struct examination *exam, struct err *err)
{
    char when[64];
    if (!given(exam, ROW_DIRECTION) || fault_direction_applies(exam->fault))
        return 0;
    return err_set(err,
        "neither when = %s nor type = %s looks at a direction, leave it out, or "
        "write when = bytes:N or when = eof",
        trigger_text(exam->fault, when, sizeof when), exam->fault->type->name);
}

static int side_means_something(const struct examination *exam, struct err *err)
{
    if (!given(exam, ROW_SIDE) || fault_side_applies(exam->fault))
        return 0;
    return err_set(err,
        "means nothing for type = %s, which goes by direction: write direction = "
        "upstream, downstream or both",
        exam->fault->type->name);
}

static int side_is_given(const struct examination *exam, struct err *err)
{
    if (exam->fault->type->side_rule != SIDE_REQUIRED || given(exam, ROW_SIDE))
        return 0;
    return err_set(err, "the key is missing, type = %s needs it: write client, server or both",
        exam->fault->type->name);
}

/* At accept there is no server side. */
static int side_is_there(const struct examination *exam, struct err *err)
{
    const struct fault *fault = exam->fault;
    if (fault->when.kind != TRIGGER_ACCEPT || !fault_side_applies(fault))
        return 0;
    bool ending = action_is_ending(fault->type->fire(fault->params).kind);
    if (fault->sides == BOTH_SECOND || (!ending && (fault->sides & BOTH_SECOND) != 0))
        return err_set(err, "there is no server side when = accept, nothing was dialled yet: write "
                            "side = client, or when = open");
    return 0;
}

static int other_means_something(const struct examination *exam, struct err *err)
{
    const struct fault *fault = exam->fault;
    if (!given(exam, ROW_OTHER) || fault_other_applies(fault))
        return 0;
    if (fault->type->takes_other && fault->when.kind == TRIGGER_ACCEPT)
        return err_set(err, "there is no other side when = accept, nothing was dialled yet: leave "
                            "it out");
    if (fault->type->takes_other && fault->sides == BOTH_ALL)
        return err_set(err, "both sides are named, so there is no other: leave it out, or write "
                            "side = client or side = server");
    return err_set(err,
        "means nothing for a type = %s that does not end the connection, leave it "
        "out",
        fault->type->name);
}

static int type_agrees(const struct examination *exam, struct err *err)
{
    const struct fault *fault = exam->fault;
    if (fault->type->check == NULL || exam->own.bad != 0)
        return 0;
    return fault->type->check(fault, exam->own.given, err);
}

/* Rules in the order in which they are asked. */
static const struct rule {
    const char *key; /* where the complaint stands; NULL: at the type's own key, or `type` */
    unsigned needs;  /* rows of the envelope it looks at */
    bool needs_own;  /* and the type's own keys */
    int (*ask)(const struct examination *exam, struct err *err);
} rules[] = {
    {"direction", BIT(ROW_WHEN), false, direction_means_something},
    {"side", 0, false, side_means_something},
    {"side", 0, false, side_is_given},
    {"side", BIT(ROW_WHEN) | BIT(ROW_SIDE), true, side_is_there},
    {"other", BIT(ROW_WHEN) | BIT(ROW_SIDE), true, other_means_something},
    {NULL, BIT(ROW_WHEN) | BIT(ROW_SIDE) | BIT(ROW_DIRECTION), true, type_agrees},
};

/* The last own key that was written: what a type's check complains about. */
static const char *own_key(const struct examination *exam)
{
    const struct option *options = exam->fault->type->options;
    const char *key = fault_options[ROW_TYPE].name;
    for (unsigned row = 0; options[row].name != NULL; row++)
        if ((exam->own.given & BIT(row)) != 0)
            key = options[row].name;
    return key;
}

static void ask_rules(const struct examination *exam)
{
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        struct err err;
        const struct rule *rule = &rules[i];
        if (!readable(exam, rule->needs) || (rule->needs_own && exam->own.bad != 0))
            continue;
        if (rule->ask(exam, &err) != 0)
            check_complain(exam->problems, exam->section,
                rule->key != NULL ? rule->key : own_key(exam), err.text);
    }
}

/* What an absent `direction` or `side` means to this type. */
static void set_type_defaults(const struct examination *exam)
{
    struct fault *fault = exam->fault;
    const struct fault_type *type = fault->type;
    if (!given(exam, ROW_SIDE) && type->side_rule == SIDE_BOTH)
        fault->sides = BOTH_ALL;
    if (!given(exam, ROW_DIRECTION) && type->default_directions != BOTH_NONE)
        fault->directions = type->default_directions;
}

/* What means nothing has one value, so that equal faults are equal structs. */
static void clear_what_means_nothing(struct fault *fault)
{
    if (!fault_direction_applies(fault))
        fault->directions = BOTH_NONE;
    if (!fault_side_applies(fault))
        fault->sides = BOTH_NONE;
    if (!fault_other_applies(fault))
        fault->other = OTHER_CLOSE;
}

/* The type a misspelt name was meant to be, NULL if nobody can tell. */
static const struct fault_type *guess_type(const struct source_section *section)
{
    struct suggest suggest;
    for (size_t i = 0; i < section->key_count; i++) {
        if (strcmp(section->keys[i].name, fault_options[ROW_TYPE].name) != 0 ||
            section->keys[i].value == NULL)
            continue;
        suggest_init(&suggest, section->keys[i].value);
        for (size_t t = 0; fault_catalogue[t] != NULL; t++)
            suggest_offer(&suggest, fault_catalogue[t]->name);
        return suggest.best == NULL ? NULL : fault_type_find(suggest.best);
    }
    return NULL;
}

/* No type, not even a guess: only a key that no type has is surely unknown. */
static void check_keys_of_no_type(const struct examination *exam)
{
    for (size_t i = 0; i < exam->section->key_count; i++) {
        const struct source_key *key = &exam->section->keys[i];
        bool known = option_find(fault_options, key->name) != NULL;
        for (size_t t = 0; fault_catalogue[t] != NULL && !known; t++)
            known = option_find(fault_catalogue[t]->options, key->name) != NULL;
        if (!known)
            check_complain(exam->problems, exam->section, key->name,
                "unknown key, no type of fault has it; `rudeproxy faults` lists them");
    }
}

static void check_type(struct examination *exam)
{
    char owner[64];
    const struct fault_type *type = exam->fault->type;
    exam->own = check_table(exam->problems, exam->section, type->options, exam->fault->params);
    snprintf(owner, sizeof owner, "a fault of type = %s", type->name);
    check_unknown_keys(exam->problems, exam->section, fault_options, type->options, owner);
    set_type_defaults(exam);
    ask_rules(exam);
    clear_what_means_nothing(exam->fault);
}

void check_fault(
    struct problems *problems, const struct source_section *section, struct fault *fault)
{
    struct examination exam = {.problems = problems, .section = section, .fault = fault};
    assert(strcmp(fault_options[ROW_TIMES].name, "times") == 0);
    snprintf(fault->name, sizeof fault->name, "%s", section->name);
    exam.envelope = check_table(problems, section, fault_options, fault);
    if (fault->type == NULL)
        fault->type = guess_type(section);
    if (fault->type == NULL)
        check_keys_of_no_type(&exam);
    else
        check_type(&exam);
}
