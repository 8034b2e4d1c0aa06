/* SPDX-License-Identifier: MIT */
/* The JSON of a toxic as Go's decoder reads it, and its errors. */
#ifndef RUDEPROXY_ADMIN_TOXIPROXY_TOXIC_JSON_H
#define RUDEPROXY_ADMIN_TOXIPROXY_TOXIC_JSON_H

#include <jansson.h>

#include "proxy/base/err.h"
#include "proxy/base/must_check.h"

/* Says that a value has the wrong type. `where` is "ToxicWrapper.name"; `go` is the type that belongs
 * there. The number itself is shown only where a number was right. Returns -1. */
MUST_CHECK int toxic_mismatch(
    const json_t *value, const char *where, const char *go, struct err *err);

/* Says that a value is not an object of type `go`. Returns -1. */
MUST_CHECK int toxic_no_object(const json_t *value, const char *go, struct err *err);

/* A member by its name in any case; the last one wins. NULL: absent, or null, which is the same. */
const json_t *toxic_member(const json_t *object, const char *name);

/* A text that may be absent: then *text stays as it is. 0, or -1 with err filled. */
MUST_CHECK int toxic_read_text(
    const json_t *body, const char *name, const char **text, struct err *err);

#endif
