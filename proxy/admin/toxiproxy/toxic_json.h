/* SPDX-License-Identifier: MIT */
/* Reads the JSON of a toxic like Go's decoder, with its error texts. */
#ifndef RUDEPROXY_ADMIN_TOXIPROXY_TOXIC_JSON_H
#define RUDEPROXY_ADMIN_TOXIPROXY_TOXIC_JSON_H

#include <jansson.h>

#include "proxy/base/err.h"
#include "proxy/base/must_check.h"

/* Reports that a value has the wrong type. `where` is "ToxicWrapper.name"; `go` is the expected
 * type. The number itself is shown only if a number was expected. Returns -1. */
MUST_CHECK int toxic_mismatch(
    const json_t *value, const char *where, const char *go, struct err *err);

/* Reports that a value is not an object of type `go`. Returns -1. */
MUST_CHECK int toxic_no_object(const json_t *value, const char *go, struct err *err);

/* Returns a member by its name in any case; the last one wins. NULL: absent or null. */
const json_t *toxic_member(const json_t *object, const char *name);

/* Reads an optional text; if it is absent, *text stays. Returns 0, or -1 with err filled. */
MUST_CHECK int toxic_read_text(
    const json_t *body, const char *name, const char **text, struct err *err);

#endif
