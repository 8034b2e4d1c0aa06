/* SPDX-License-Identifier: MIT */
/*
 * Reads JSON like Go's encoding/json, because Toxiproxy's clients depend on it: the first value
 * counts and later bytes are ignored, keys match in any case, the last of two equal keys wins, null
 * changes nothing, and the error texts are Go's.
 */
#ifndef RUDEPROXY_ADMIN_TOXIPROXY_JSON_H
#define RUDEPROXY_ADMIN_TOXIPROXY_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "proxy/base/err.h"
#include "proxy/base/must_check.h"

/* Parses the first value of a body. Returns a new reference; or NULL with err filled: "EOF",
 * "unexpected EOF", "invalid character 'x' looking for beginning of value". */
MUST_CHECK json_t *toxiproxy_json_read(const char *body, size_t size, struct err *err);

/* The types of the fields of our Go structs. */
enum toxiproxy_kind { GO_STRING, GO_BOOL };

struct toxiproxy_field {
    const char *key;
    enum toxiproxy_kind kind;
    void *value; /* char[size] or bool */
    size_t size;
    bool *given; /* set when a value was taken; may be NULL */
};

/* Reads an object into fields; the last row's key is NULL. `type` is Go's name of the struct
 * ("Proxy"), and `package` the prefix if no field is meant. A string that does not fit is
 * truncated, still longer than any that is allowed: the caller's check of its length finds it.
 * Returns 0, or -1 with the first mismatch in err; the other fields are read anyway. */
MUST_CHECK int toxiproxy_json_fields(json_t *object, const char *package, const char *type,
    const struct toxiproxy_field *fields, struct err *err);

/* Returns Go's name of a value's type ("string", "number", "object"...) in "cannot unmarshal
 * ...". */
const char *toxiproxy_json_kind(const json_t *value);

#endif
