/* SPDX-License-Identifier: MIT */
/*
 * A toxic is a fault of one proxy, in one direction, from the opening of a connection on. Here are
 * Toxiproxy's names of types and attributes, and the conversion from a client's JSON to a fault and
 * back.
 *
 * The JSON is read like Toxiproxy's decoder: keys in any case, unknown keys ignored, `null` means
 * absent, 1000.0 is not a whole number, and the error texts are Toxiproxy's. All functions return
 * 0, or -1 with err holding the text of the answer; its status is then 400.
 */
#ifndef RUDEPROXY_ADMIN_TOXIPROXY_TOXIC_H
#define RUDEPROXY_ADMIN_TOXIPROXY_TOXIC_H

#include <jansson.h>
#include <stdbool.h>

#include "proxy/base/err.h"
#include "proxy/base/must_check.h"
#include "proxy/fault/fault.h"
#include "proxy/relay/plan.h"

/* How to print a toxic, so that a toxicity of 0.3 does not become 0.29999999999999999. */
#define TOXIC_JSON_FLAGS JSON_REAL_PRECISION(9)

/* A toxic as a value: copied freely, owns nothing. */
struct toxic {
    struct fault fault; /* `proxies` is the one it is added to */
    struct toxic_fields toxic_fields;
};

/* First half of POST .../toxics: name, type, stream, toxicity. Whether the name is taken is checked
 * between the two halves. A `body` that is no object is an error like any other. */
MUST_CHECK int toxic_read_head(
    struct toxic *toxic, const char *proxy, const json_t *body, struct err *err);

/* Second half: the attributes. The toxic is then complete. */
MUST_CHECK int toxic_read_attributes(struct toxic *toxic, const json_t *body, struct err *err);

/* PATCH or POST .../toxics/NAME: changes `toxic`, which is the current value (toxic_of_fault).
 * Attributes that are not named keep their values; name, type and stream are ignored. After a
 * failure, do not use the toxic. */
MUST_CHECK int toxic_update(struct toxic *toxic, const json_t *body, struct err *err);

/* Converts a current fault to a toxic; `toxic_fields` are the client's values, or NULL. Returns
 * false if no toxic can express the fault (a type that Toxiproxy does not have, another trigger,
 * both directions, only some clients). */
bool toxic_of_fault(
    struct toxic *toxic, const struct fault *fault, const struct toxic_fields *toxic_fields);

/* Whether toxic_of_fault would be true. */
bool toxic_is_fault(const struct fault *fault);

/* Returns {"attributes":{...},"name":...,"type":...,"stream":...,"toxicity":...}, a new reference.
 * NULL: out of memory, or a name that is not UTF-8. */
json_t *toxic_to_json(const struct toxic *toxic);

#endif
