/* SPDX-License-Identifier: MIT */
/*
 * The rules between the keys of one [fault NAME] section: which keys are required, and which do not
 * apply together.
 */
#ifndef RUDEPROXY_CONFIG_FAULT_RULES_H
#define RUDEPROXY_CONFIG_FAULT_RULES_H

#include "config/check.h"
#include "config/fault_keys.h"

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

/* Reports every rule that the fault breaks. */
void fault_rules_ask(const struct fault_check *check);

#endif
