/* SPDX-License-Identifier: MIT */
/*
 * Checks a [fault NAME] section and makes a struct fault of it: first the common keys
 * (fault_keys.c), then the keys of its type (proxy/fault/TYPE.c), then the rules between them
 * (fault_rules.c). The fault is a plain value. relay/plan.c puts it into the plan of its proxies,
 * and relay/armed.c arms it for each connection.
 *
 * A misspelt type is reported once. Its keys are then checked against the most likely type, so that
 * they are neither all unknown nor all unchecked.
 */
#include <string.h>

#include "config/check.h"
#include "config/fault_rules.h"
#include "proxy/base/suggest.h"

void fault_set_defaults(struct fault *fault, const struct fault_type *type)
{
    option_set_defaults(fault_options, fault);
    if (type->side_rule == SIDE_BOTH)
        fault->sides = BOTH_BITS;
    if (type->default_directions != NO_BITS)
        fault->directions = type->default_directions;
}

/* Sets the type's defaults of `direction`, `side` and `when`. */
static void set_type_defaults(const struct fault_check *check)
{
    struct fault *fault = check->fault, usual = {0};
    const struct fault_type *type = fault->type;
    fault_set_defaults(&usual, type);
    if (!key_given(check, ROW_SIDE))
        fault->sides = usual.sides;
    if (!key_given(check, ROW_DIRECTION))
        fault->directions = usual.directions;
    if (type->at_accept)
        fault->when = (struct trigger){.kind = TRIGGER_ACCEPT};
}

/* Copies `edge`, which is one key for two triggers. */
static void set_edge(struct fault *fault)
{
    struct trigger *trigger = trigger_has_edge(fault->when.kind) ? &fault->when : &fault->until;
    if (trigger_has_edge(trigger->kind))
        trigger->edge = fault->edge;
}

static bool applies(const struct fault *fault, unsigned row)
{
    return fault_key_applies(&fault_options[row], fault);
}

/* Sets keys that do not apply to a fixed value, so that equal faults are equal structs. */
static void normalize_fault(struct fault *fault)
{
    if (!applies(fault, ROW_DIRECTION))
        fault->directions = NO_BITS;
    if (!applies(fault, ROW_WHEN_DIRECTION))
        fault->when_directions = NO_BITS;
    if (!applies(fault, ROW_SIDE))
        fault->sides = NO_BITS;
    if (!applies(fault, ROW_OTHER))
        fault->other = OTHER_CLOSE;
}

/* Whether this key is a misspelt `type`, such as `tpye`. */
static bool says_type(const char *key)
{
    struct suggest suggest;
    suggest_init(&suggest, key);
    for (const struct option *option = fault_options; option->name != NULL; option++)
        suggest_offer(&suggest, option->name);
    return suggest.best == fault_options[ROW_TYPE].name;
}

/* Returns the most likely type for a misspelt name, or NULL. */
static const struct fault_type *guess_type(const struct source_section *section)
{
    struct suggest suggest;
    for (size_t i = 0; i < section->key_count; i++) {
        if (!says_type(section->keys[i].name) || section->keys[i].value == NULL)
            continue;
        suggest_init(&suggest, section->keys[i].value);
        for (size_t t = 0; fault_catalogue[t] != NULL; t++)
            suggest_offer(&suggest, fault_catalogue[t]->name);
        return suggest.best == NULL ? NULL : fault_type_find(suggest.best);
    }
    return NULL;
}

/* The type is unknown: only a key that no type has is surely wrong. */
static void check_unknown_type_keys(const struct fault_check *check)
{
    for (size_t i = 0; i < check->section->key_count; i++) {
        const struct source_key *key = &check->section->keys[i];
        bool known = option_find(fault_options, key->name) != NULL;
        for (size_t t = 0; fault_catalogue[t] != NULL && !known; t++)
            known = option_find(fault_catalogue[t]->options, key->name) != NULL;
        if (!known)
            check_report_unknown(
                check->problems, check->section, key, fault_options, NULL, "a fault of every type");
    }
}

static void check_type(struct fault_check *check)
{
    char owner[64];
    const struct fault_type *type = check->fault->type;
    check->own = check_table(check->problems, check->section, type->options, check->fault->params);
    snprintf(owner, sizeof owner, "a fault of type = %s", type->name);
    check_unknown_keys(check->problems, check->section, fault_options, type->options, owner);
    set_type_defaults(check);
    set_edge(check->fault);
    fault_rules_ask(check);
    normalize_fault(check->fault);
}

void check_fault(
    struct problems *problems, const struct source_section *section, struct fault *fault)
{
    struct fault_check check = {.problems = problems, .section = section, .fault = fault};
    snprintf(fault->name, sizeof fault->name, "%s", section->name);
    check.envelope = check_table(problems, section, fault_options, fault);
    if (fault->type == NULL)
        fault->type = guess_type(section);
    if (fault->type == NULL)
        check_unknown_type_keys(&check);
    else
        check_type(&check);
}
