/* SPDX-License-Identifier: MIT */
/* What to write instead of a key that other tools have, or that one would guess. */
#ifndef RUDEPROXY_CONFIG_HINTS_H
#define RUDEPROXY_CONFIG_HINTS_H

#include "proxy/base/option.h"

/* "when = bytes:1k" for "offset" among the keys of faults. `table`: that of the section's kind. NULL: there
 * is no such word. */
const char *hint_for_key(const struct option *table, const char *name);

#endif
