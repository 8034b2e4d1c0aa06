/* SPDX-License-Identifier: MIT */
/*
 * Faults and proxies as JSON, by the option tables: the keys are those of the file, and so are the
 * values, as strings; numbers and yes or no may be what JSON has for them, and lists arrays.
 */
#ifndef RUDEPROXY_ADMIN_V1_VALUE_H
#define RUDEPROXY_ADMIN_V1_VALUE_H

#include <jansson.h>

#include "config/config.h"
#include "proxy/admin/text.h"
#include "proxy/base/must_check.h"

/* Members of an object that is open in `text`: every key that has a value and means something. */
void v1_write_options(
    struct text *text, const struct option *table, const void *base, const struct fault *fault);

/* Reads a new fault; `name` is the object's, or `named` where it has none. 0; -1 with what is wrong in
 * `problems`, sentence by sentence. */
MUST_CHECK int v1_read_fault(
    json_t *object, const char *named, struct fault *fault, struct text *problems);

/* Reads what is to change in a fault; null takes a key back to its default. */
int v1_patch_fault(
    json_t *object, const struct fault *now, struct fault *fault, struct text *problems);

/* The same for a proxy. */
int v1_read_proxy(json_t *object, struct proxy_config *proxy, struct text *problems);
int v1_patch_proxy(json_t *object, const struct proxy_config *now, struct proxy_config *proxy,
    struct text *problems);

#endif
