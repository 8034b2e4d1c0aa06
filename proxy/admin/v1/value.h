/* SPDX-License-Identifier: MIT */
/*
 * Faults and proxies as JSON, with the option tables: keys and values are those of the file, as
 * strings. Numbers and yes/no may also be JSON numbers and booleans, and lists arrays.
 */
#ifndef RUDEPROXY_ADMIN_V1_VALUE_H
#define RUDEPROXY_ADMIN_V1_VALUE_H

#include <jansson.h>

#include "config/config.h"
#include "proxy/admin/text.h"
#include "proxy/base/must_check.h"

/* Writes members into an object that is open in `text`: every key that applies and has a value. */
void v1_write_options(
    struct text *text, const struct option *table, const void *base, const struct fault *fault);

/* Reads a new fault; `name` is the object's, or `named` if it has none. Returns 0, or -1 with
 * sentences in `problems`. */
MUST_CHECK int v1_read_fault(
    json_t *object, const char *named, struct fault *fault, struct text *problems);

/* Reads the changes of a fault; null resets a key to its default. */
int v1_patch_fault(
    json_t *object, const struct fault *now, struct fault *fault, struct text *problems);

/* Like v1_read_fault and v1_patch_fault, for a proxy. */
int v1_read_proxy(json_t *object, struct proxy_config *proxy, struct text *problems);
int v1_patch_proxy(json_t *object, const struct proxy_config *now, struct proxy_config *proxy,
    struct text *problems);

#endif
