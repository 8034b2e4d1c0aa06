/* SPDX-License-Identifier: MIT */
/*
 * JSON read as Go's encoding/json reads it, because Toxiproxy's clients see what it says: the first
 * value counts and what follows is ignored, keys match in any case, the last of two wins, null
 * changes nothing; and each error in its words.
 */
#ifndef RUDEPROXY_ADMIN_TOXIPROXY_JSON_H
#define RUDEPROXY_ADMIN_TOXIPROXY_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "proxy/base/err.h"
#include "proxy/base/must_check.h"

/* The first value of a body; a new reference. NULL with err filled: "EOF", "unexpected EOF",
 * "invalid character 'x' looking for beginning of value". */
json_t *toxiproxy_json_read(const char *body, size_t size, struct err *err);

/* The kinds of value that a Go struct of ours has. */
enum toxiproxy_kind { GO_STRING, GO_BOOL };

struct toxiproxy_field {
    const char *key;
    enum toxiproxy_kind kind;
    void *value; /* char[size] or bool */
    size_t size;
    bool *given; /* set when a value was taken; may be NULL */
};

/* Reads an object into fields, the last row's key is NULL. `type` is Go's name of the struct
 * ("Proxy"), and `package` what stands before it where no field is meant. A string that does not
 * fit is cut, and longer than any that may be: the caller's check of its length finds it. Returns 0,
 * or -1 with err telling the first mismatch; the other fields are read all the same. */
MUST_CHECK int toxiproxy_json_fields(json_t *object, const char *package, const char *type,
    const struct toxiproxy_field *fields, struct err *err);

/* "string", "number", "object", ...: what Go calls a value in "cannot unmarshal ...". */
const char *toxiproxy_json_kind(const json_t *value);

#endif
