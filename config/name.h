/* SPDX-License-Identifier: MIT */
/* The names of proxies and faults, and lists of them. */
#ifndef RUDEPROXY_CONFIG_NAME_H
#define RUDEPROXY_CONFIG_NAME_H

#include <stdbool.h>

#include "proxy/base/must_check.h"
#include "proxy/base/option.h"

#define NAME_FORM "letters, digits, - _ and . only, a letter or digit first"

#define CONFIG_NAME_MAX 50 /* inih's longest section name, NUL included */

/* Whether the text is a valid name for a proxy or a fault of a file: see NAME_FORM. */
bool name_is_valid(const char *name);

/* Checks a name for a proxy or a fault of the API: 1 to PROXY_NAME_MAX - 1 bytes, without control
 * characters. Returns 0, or -1 with err filled. */
MUST_CHECK int name_check_any(const char *name, struct err *err);

/* Takes the next name of a list stored in struct fault ("a,b"). Returns the rest of the list, or
 * NULL at its end. `name` holds FAULT_NAME_MAX bytes. */
const char *name_next(const char *list, char *name);

/* char[FAULT_PROXIES_MAX]: `*`, or names with commas, stored without blanks. */
extern const struct option_kind option_names;

#endif
