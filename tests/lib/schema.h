/* SPDX-License-Identifier: MIT */
/*
 * Whether a JSON value is what a schema of an OpenAPI 3.0 file says: the part of the language that
 * docs/openapi.json is written in. A keyword that is not understood is a mismatch, so that nothing
 * stands there unchecked.
 */
#ifndef RUDEPROXY_TESTS_SCHEMA_H
#define RUDEPROXY_TESTS_SCHEMA_H

#include <jansson.h>
#include <stdbool.h>

#include "proxy/base/err.h"

/* Follows a {"$ref": "#/..."} within the file; NULL if it leads nowhere. Borrowed. */
const json_t *schema_resolve(const json_t *file, const json_t *object);

/* Stricter than the language: an object may hold only what the schema names. False with err telling
 * where, from `place` on. */
bool schema_fits(const json_t *file, const json_t *schema, const json_t *value, const char *place,
    struct err *err);

#endif
