/* SPDX-License-Identifier: MIT */
/* Suggestions for keys that other tools use, or that a user might guess. */
#ifndef RUDEPROXY_CONFIG_HINTS_H
#define RUDEPROXY_CONFIG_HINTS_H

#include "proxy/base/option.h"

/* Returns "when = bytes:1k" for "offset" among the keys of faults. `table`: that of the section's
 * kind. NULL: no suggestion. */
const char *hint_for_key(const struct option *table, const char *name);

#endif
