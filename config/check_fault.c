/* SPDX-License-Identifier: MIT */
/*
 * A [fault NAME] section. First the envelope, then the keys of its type, then the rules between
 * them (fault_rules.c).
 *
 * A type that is misspelt is reported once; the keys are then held against the type that was meant,
 * so that they are neither all unknown nor all unchecked.
 */
#include <assert.h>
#include <string.h>

#include "config/check.h"
#include "config/fault_rules.h"
#include "proxy/base/suggest.h"

/* What an absent `direction`, `side` or `when` means to this type. */
static void set_type_defaults(const struct fault_check *exam)
{
    struct fault *fault = exam->fault;
    const struct fault_type *type = fault->type;
    if (!key_given(exam, ROW_SIDE) && type->side_rule == SIDE_BOTH)
        fault->sides = BOTH_BITS;
    if (!key_given(exam, ROW_DIRECTION) && type->default_directions != NO_BITS)
        fault->directions = type->default_directions;
    if (type->at_accept)
        fault->when = (struct trigger){.kind = TRIGGER_ACCEPT};
}

/* `edge` is one key for two triggers. */
static void set_edge(struct fault *fault)
{
    struct trigger *trigger = trigger_has_edge(fault->when.kind) ? &fault->when : &fault->until;
    if (trigger_has_edge(trigger->kind))
        trigger->edge = fault->edge;
}

/* What means nothing has one value, so that equal faults are equal structs. */
static void normalize_fault(struct fault *fault)
{
    if (!fault_direction_applies(fault))
        fault->directions = NO_BITS;
    if (!fault_when_direction_applies(fault))
        fault->when_directions = NO_BITS;
    if (!fault_side_applies(fault))
        fault->sides = NO_BITS;
    if (!fault_other_applies(fault))
        fault->other = OTHER_CLOSE;
}

/* Whether this key says the type, in spite of a slip: `tpye`. */
static bool says_type(const char *key)
{
    struct suggest suggest;
    suggest_init(&suggest, key);
    for (const struct option *option = fault_options; option->name != NULL; option++)
        suggest_offer(&suggest, option->name);
    return suggest.best == fault_options[ROW_TYPE].name;
}

/* The type a misspelt name was meant to be, NULL if nobody can tell. */
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

/* No type, not even a guess: only a key that no type has is surely unknown. */
static void check_unknown_type_keys(const struct fault_check *exam)
{
    for (size_t i = 0; i < exam->section->key_count; i++) {
        const struct source_key *key = &exam->section->keys[i];
        bool known = option_find(fault_options, key->name) != NULL;
        for (size_t t = 0; fault_catalogue[t] != NULL && !known; t++)
            known = option_find(fault_catalogue[t]->options, key->name) != NULL;
        if (!known)
            check_report_unknown(
                exam->problems, exam->section, key, fault_options, NULL, "a fault of every type");
    }
}

static void check_type(struct fault_check *exam)
{
    char owner[64];
    const struct fault_type *type = exam->fault->type;
    exam->own = check_table(exam->problems, exam->section, type->options, exam->fault->params);
    snprintf(owner, sizeof owner, "a fault of type = %s", type->name);
    check_unknown_keys(exam->problems, exam->section, fault_options, type->options, owner);
    set_type_defaults(exam);
    set_edge(exam->fault);
    fault_rules_ask(exam);
    normalize_fault(exam->fault);
}

void check_fault(
    struct problems *problems, const struct source_section *section, struct fault *fault)
{
    struct fault_check exam = {.problems = problems, .section = section, .fault = fault};
    assert(strcmp(fault_options[ROW_ENABLED].name, "enabled") == 0);
    snprintf(fault->name, sizeof fault->name, "%s", section->name);
    exam.envelope = check_table(problems, section, fault_options, fault);
    if (fault->type == NULL)
        fault->type = guess_type(section);
    if (fault->type == NULL)
        check_unknown_type_keys(&exam);
    else
        check_type(&exam);
}
