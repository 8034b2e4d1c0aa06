/* SPDX-License-Identifier: MIT */
/*
 * The rules between the keys of one [fault NAME] section: what must be given, what means nothing
 * beside what else.
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

/* A fault under examination. Its type is known, or guessed. */
struct fault_check {
    struct problems *problems;
    const struct source_section *section;
    struct fault *fault;
    struct answers envelope; /* about fault_options */
    struct answers own;      /* about the type's options */
};

static inline bool key_given(const struct fault_check *exam, unsigned row)
{
    return (exam->envelope.given & 1u << row) != 0;
}

/* The keys of the envelope that mean nothing to a type whatever stands beside them: bit i is
 * fault_options[i]. */
unsigned fault_rules_foreign(const struct fault_type *type);

/* Reports every rule that the fault breaks. */
void fault_rules_ask(const struct fault_check *exam);

#endif
