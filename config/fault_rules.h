/* SPDX-License-Identifier: MIT */
/*
 * The rules between the keys of one [fault NAME] section: which keys are required, and which do not
 * apply together.
 */
#ifndef RUDEPROXY_CONFIG_FAULT_RULES_H
#define RUDEPROXY_CONFIG_FAULT_RULES_H

#include "config/check.h"

/* Rows of fault_options, by the order of that table. */
enum {
    ROW_PROXY,
    ROW_TYPE,
    ROW_DIRECTION,
    ROW_SIDE,
    ROW_OTHER,
    ROW_WHEN,
    ROW_WHEN_DIRECTION,
    ROW_AFTER,
    ROW_TRIGGER_DELAY,
    ROW_UNTIL,
    ROW_EDGE,
    ROW_MATCH_HOLD,
    ROW_CONNECTIONS,
    ROW_CONCURRENT,
    ROW_TIMES,
    ROW_CHANCE,
    ROW_CLIENTS,
    ROW_DESTINATIONS,
    ROW_SNI,
    ROW_ACTIVE,
    ROW_MUST_FIRE,
    ROW_ENABLED,
};

/* A fault being checked. Its type is known, or guessed. */
struct fault_check {
    struct problems *problems;
    const struct source_section *section;
    struct fault *fault;
    struct key_flags envelope; /* for fault_options */
    struct key_flags own;      /* for the type's options */
};

static inline bool key_given(const struct fault_check *check, unsigned row)
{
    return (check->envelope.given & 1u << row) != 0;
}

/* Returns the common keys that never apply to a type: bit i is fault_options[i]. */
unsigned fault_rules_inapplicable(const struct fault_type *type);

/* Reports every rule that the fault breaks. */
void fault_rules_ask(const struct fault_check *check);

#endif
