/* SPDX-License-Identifier: MIT */
/*
 * Toxics and faults are one thing: a toxic is a fault of one proxy, in one direction, from the opening of
 * a connection on. Here is what Toxiproxy calls its types and their attributes, and the way from a
 * client's JSON to a fault and back.
 *
 * The JSON is read as Toxiproxy's decoder reads it: keys in any case, unknown keys ignored, `null` is
 * as good as absent, whole numbers are whole (1000.0 is none), and what is wrong is said in its words.
 * All functions return 0, or -1 with err holding the text of the answer; its status is then 400.
 */
#ifndef RUDEPROXY_ADMIN_TOXIPROXY_TOXIC_H
#define RUDEPROXY_ADMIN_TOXIPROXY_TOXIC_H

#include <jansson.h>
#include <stdbool.h>

#include "proxy/base/err.h"
#include "proxy/base/must_check.h"
#include "proxy/fault/fault.h"
#include "proxy/relay/plan.h"

/* How a toxic is to be printed, so that a toxicity of 0.3 does not become 0.29999999999999999. */
#define TOXIC_JSON_FLAGS JSON_REAL_PRECISION(9)

/* A toxic as a value: copied freely, owns nothing. */
struct toxic {
    struct fault fault; /* `proxies` is the one it is added to */
    struct toxic_fields toxic_fields;
};

/* POST .../toxics, first half: name, type, stream, toxicity. The name may be taken: that is asked
 * between the two halves. A `body` that is no object is an error like any other. */
MUST_CHECK int toxic_read_head(
    struct toxic *toxic, const char *proxy, const json_t *body, struct err *err);

/* Second half: the attributes. The toxic is then complete. */
MUST_CHECK int toxic_read_attributes(struct toxic *toxic, const json_t *body, struct err *err);

/* PATCH or POST .../toxics/NAME: `toxic` is as it is in force (toxic_of_fault) and becomes what it
 * is to be. Attributes that are not named keep their values; name, type and stream are ignored. When
 * it fails, the toxic is not to be used any more. */
MUST_CHECK int toxic_update(struct toxic *toxic, const json_t *body, struct err *err);

/* A fault in force as a toxic; `said` is what the client said, or NULL. False: no toxic says what it
 * does (a type that Toxiproxy does not have, another trigger, both directions, some clients only). */
bool toxic_of_fault(
    struct toxic *toxic, const struct fault *fault, const struct toxic_fields *toxic_fields);

/* Whether toxic_of_fault would be true. */
bool toxic_is_fault(const struct fault *fault);

/* {"attributes":{...},"name":...,"type":...,"stream":...,"toxicity":...}, a new reference; NULL: out
 * of memory, or a name that is not UTF-8. */
json_t *toxic_to_json(const struct toxic *toxic);

#endif
