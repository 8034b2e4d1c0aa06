/* SPDX-License-Identifier: MIT */
/*
 * The faults that a sweep tries: `reset mode=abrupt`. Their text has no trigger; the sweep adds
 * one for each place.
 */
#ifndef RUDEPROXY_CONFIG_SWEEP_FAULT_H
#define RUDEPROXY_CONFIG_SWEEP_FAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proxy/base/must_check.h"
#include "proxy/base/option.h"
#include "proxy/fault/fault.h"

/* When a fault of a sweep fires, as values of its keys. */
struct sweep_trigger {
    uint64_t connection;
    enum direction direction;
    char when[48];
    bool withheld; /* edge = before */
};

/* Makes a fault of `text`. It fires at the trigger, on that connection alone. If its type needs a
 * side and `text` has none, it gets the receiver's side. The fault has no name and no proxies.
 * Returns 0, or -1 with err filled, as for a section of a file. */
MUST_CHECK int sweep_fault_build(
    const char *text, const struct sweep_trigger *trigger, struct fault *fault, struct err *err);

/* Returns the first fault of *list, whose faults are separated by `|`, and its length without
 * surrounding blanks. Sets *list to the rest, or to NULL if it was the last one. Returns NULL if
 * *list is NULL. */
const char *sweep_fault_next(const char **list, size_t *length);

extern const struct option_kind option_sweep_faults; /* char[OPTION_PATH_MAX]: such a list */

#endif
