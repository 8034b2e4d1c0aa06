/* SPDX-License-Identifier: MIT */
/*
 * Toxics to faults and back: see toxics.h. The table says what Toxiproxy calls what the catalogue has;
 * everything else follows from the rows of the types, ranges and all.
 *
 * An attribute is a whole number of some unit, or a share of one. What a type has beside its
 * attributes has the default of its row, as in the file.
 */
#include "proxy/admin/toxiproxy/toxic.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config/config.h"
#include "proxy/base/rng.h"

struct attribute {
    const char *name; /* in JSON; NULL ends a table */
    const char *key;  /* of the type's options; its value is an uint64_t */
    uint64_t
        unit; /* one of the attribute is so many of the key; 0: a share, in parts per billion */
    double absent; /* what an absent attribute means */
    const char
        *slack; /* a key whose value follows from this one: a `slack_per`th part of it, at least
                          1; NULL: none */
    uint64_t slack_per;
};

#define ATTRIBUTES_MAX 3
#define MS ((uint64_t)US_PER_MS)

/* What a bandwidth may save up is 2 ms of its rate: 480 KB at 1000 KB/s take 480 ms, also after a
 * pause. */
#define BURSTS_PER_S 500

static const struct toxic_type {
    const char *name;  /* Toxiproxy's */
    const char *fault; /* ours */
    const char *go;    /* what its decoder calls the struct */
    struct attribute attributes[ATTRIBUTES_MAX + 1];
} types[] = {
    {"noop", "noop", "NoopToxic", {{.name = NULL}}},
    {"latency", "latency", "LatencyToxic",
        {{.name = "latency", .key = "delay", .unit = MS},
            {.name = "jitter", .key = "jitter", .unit = MS}}},
    {"bandwidth", "bandwidth", "BandwidthToxic",
        {{.name = "rate",
            .key = "rate",
            .unit = 1000,
            .slack = "burst",
            .slack_per = BURSTS_PER_S}}},
    {"slow_close", "slow_close", "SlowCloseToxic", {{.name = "delay", .key = "delay", .unit = MS}}},
    {"timeout", "timeout", "TimeoutToxic", {{.name = "timeout", .key = "timeout", .unit = MS}}},
    {"reset_peer", "reset_peer", "ResetToxic", {{.name = "timeout", .key = "timeout", .unit = MS}}},
    {"slicer", "slicer", "SlicerToxic",
        {{.name = "average_size", .key = "average_size", .unit = 1},
            {.name = "size_variation", .key = "size_variation", .unit = 1},
            {.name = "delay", .key = "delay", .unit = 1}}},
    {"limit_data", "limit_data", "LimitDataToxic", {{.name = "bytes", .key = "bytes", .unit = 1}}},
    {"packet_loss", "lossy", "PacketLossToxic",
        {{.name = "loss_rate", .key = "rate", .absent = 0.1},
            {.name = "correlation", .key = "correlation"}}},
};

static const struct toxic_type *find_type(const char *name)
{
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (strcmp(types[i].name, name) == 0)
            return &types[i];
    return NULL;
}

static const struct toxic_type *type_of(const struct fault *fault)
{
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (strcmp(types[i].fault, fault->type->name) == 0)
            return &types[i];
    return NULL;
}

/* --- JSON as Go reads it --- */

/* What a JSON value is called in an error. */
static void describe(const json_t *value, char *buf, size_t size)
{
    static const char *const words[] = {
        [JSON_OBJECT] = "object",
        [JSON_ARRAY] = "array",
        [JSON_STRING] = "string",
        [JSON_INTEGER] = "number",
        [JSON_REAL] = "number",
        [JSON_TRUE] = "bool",
        [JSON_FALSE] = "bool",
        [JSON_NULL] = "null",
    };
    char *number = NULL;
    if (json_is_number(value))
        number = json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
    snprintf(buf, size, "%s%s%s", words[json_typeof(value)], number != NULL ? " " : "",
        number != NULL ? number : "");
    free(number);
}

/* `where` is "ToxicWrapper.name"; `go` is the type that stands there. The number itself is told only
 * where a number might have stood. */
static int say_mismatch(const json_t *value, const char *where, const char *go, struct err *err)
{
    char what[64];
    bool number = strcmp(go, "int64") == 0 || strcmp(go, "int") == 0;
    describe(value, what, sizeof what);
    if (!number)
        what[strcspn(what, " ")] = '\0';
    return err_set(err,
        "bad request body: json: cannot unmarshal %s into Go struct field %s of type %s", what,
        where, go);
}

static int say_no_object(const json_t *value, const char *go, struct err *err)
{
    char what[64];
    describe(value, what, sizeof what);
    what[strcspn(what, " ")] = '\0';
    return err_set(
        err, "bad request body: json: cannot unmarshal %s into Go value of type %s", what, go);
}

/* A member by its name in any case, the last one wins; NULL: absent, or null, which is the same. */
static const json_t *member(const json_t *object, const char *name)
{
    const char *key;
    json_t *value;
    const json_t *found = NULL;
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        if (strcasecmp(key, name) == 0 && !json_is_null(value))
            found = value;
    }
    return found;
}

/* A text that may be absent: then *text stays as it is. */
static int read_text(const json_t *body, const char *name, const char **text, struct err *err)
{
    char where[64];
    const json_t *value = member(body, name);
    if (value == NULL)
        return 0;
    snprintf(where, sizeof where, "ToxicWrapper.%s", name);
    if (!json_is_string(value))
        return say_mismatch(value, where, "string", err);
    *text = json_string_value(value);
    if (strlen(*text) != json_string_length(value))
        return err_set(err, "bad request body: %s has a NUL in it", name);
    return 0;
}

/* --- toxicity --- */

/* Toxiproxy keeps it in 32 bits: the shortest decimal that is the same number there. */
static double shortest(float toxicity)
{
    char text[32];
    for (int digits = 6; digits <= 9; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, (double)toxicity);
        if (strtof(text, NULL) == toxicity)
            break;
    }
    return strtod(text, NULL);
}

/* Its verdict is drawn once for a connection. What never hits is a fault that is not enabled. */
static void set_toxicity(struct toxic *toxic, float toxicity)
{
    double share = shortest(toxicity);
    toxic->toxic_fields.toxicity = toxicity;
    toxic->fault.enabled = share > 0;
    toxic->fault.chance_ppb = PPB_ALL;
    if (share > 0 && share < 1) {
        uint64_t ppb = (uint64_t)llround(share * PPB_ALL);
        toxic->fault.chance_ppb = ppb > 0 ? ppb : 1;
    }
}

/* `where` as in say_mismatch. Absent: *toxicity stays as it is. */
static int read_toxicity(const json_t *body, float *toxicity, const char *where, struct err *err)
{
    const json_t *value = member(body, "toxicity");
    if (value == NULL)
        return 0;
    double number = json_number_value(value);
    if (!json_is_number(value) || !isfinite((float)number))
        return say_mismatch(value, where, "float32", err);
    *toxicity = (float)number;
    return 0;
}

/* --- attributes --- */

static uint64_t *place_of(struct fault *fault, const char *key)
{
    const struct option *option = option_find(fault->type->options, key);
    assert(option != NULL && option->kind->size == sizeof(uint64_t));
    return (uint64_t *)(void *)(fault->params + option->offset);
}

static void set_value(struct fault *fault, const struct attribute *attribute, uint64_t value)
{
    *place_of(fault, attribute->key) = value;
    if (attribute->slack != NULL) {
        uint64_t slack = value / attribute->slack_per;
        *place_of(fault, attribute->slack) = slack > 0 ? slack : 1;
    }
}

/* A whole number, or one of those between 0 and 1, within the range of the type's row. */
static int take_whole(
    struct fault *fault, const struct attribute *attribute, int64_t number, struct err *err)
{
    const struct option *option = option_find(fault->type->options, attribute->key);
    uint64_t unit = attribute->unit;
    uint64_t most = (option->max != 0 ? option->max : INT64_MAX) / unit;
    uint64_t least = (option->min + unit - 1) / unit;
    if (number < 0 || (uint64_t)number < least)
        return err_set(err, "attribute %s: %" PRId64 " is too small, it must be at least %" PRIu64,
            attribute->name, number, least);
    if ((uint64_t)number > most)
        return err_set(err, "attribute %s: %" PRId64 " is too large, it must be at most %" PRIu64,
            attribute->name, number, most);
    set_value(fault, attribute, (uint64_t)number * unit);
    return 0;
}

static int take_share(
    struct fault *fault, const struct attribute *attribute, double number, struct err *err)
{
    if (!(number >= 0 && number <= 1))
        return err_set(err, "attribute %s: %g is not within 0 and 1", attribute->name, number);
    set_value(fault, attribute, (uint64_t)llround(number * PPB_ALL));
    return 0;
}

/* `value` NULL: absent. */
static int take_attribute(struct fault *fault, const struct toxic_type *type,
    const struct attribute *attribute, const json_t *value, struct err *err)
{
    char where[80];
    bool share = attribute->unit == 0;
    snprintf(where, sizeof where, "%s.attributes.%s", type->go, attribute->name);
    if (value != NULL && (share ? !json_is_number(value) : !json_is_integer(value)))
        return say_mismatch(value, where,
            share                               ? "float64"
            : strcmp(type->name, "slicer") == 0 ? "int"
                                                : "int64",
            err);
    double number = value == NULL ? attribute->absent : json_number_value(value);
    if (share)
        return take_share(fault, attribute, number, err);
    return take_whole(
        fault, attribute, value == NULL ? (int64_t)number : json_integer_value(value), err);
}

/* The attributes of a body, NULL: there are none. -1: they are no object; `where` as in say_mismatch. */
static int find_attributes(const json_t *body, const json_t **attributes, const char *where,
    const char *go, struct err *err)
{
    char type[64];
    *attributes = member(body, "attributes");
    snprintf(type, sizeof type, "toxics.%s", go);
    if (*attributes != NULL && !json_is_object(*attributes))
        return say_mismatch(*attributes, where, type, err);
    return 0;
}

/* `keep`: those that are absent stay as they are, else they become what their absence means. */
static int take_attributes(
    struct fault *fault, const json_t *attributes, bool keep, struct err *err)
{
    const struct toxic_type *type = type_of(fault);
    for (const struct attribute *it = type->attributes; it->name != NULL; it++) {
        const json_t *value = attributes == NULL ? NULL : member(attributes, it->name);
        if ((value != NULL || !keep) && take_attribute(fault, type, it, value, err) != 0)
            return -1;
    }
    return fault->type->check == NULL ? 0 : fault->type->check(fault, 0, err);
}

/* --- the whole --- */

/* As in the file, where nothing but the type, the proxy and the direction is given. */
static void set_defaults(
    struct fault *fault, const struct toxic_type *type, const char *proxy, unsigned directions)
{
    option_set_defaults(fault_options, fault);
    snprintf(fault->proxies, sizeof fault->proxies, "%s", proxy);
    fault->type = fault_type_find(type->fault);
    fault->directions = directions;
    option_set_defaults(fault->type->options, fault->params);
}

static int set_name(
    struct fault *fault, const char *name, const char *type, const char *stream, struct err *err)
{
    int length = name[0] != '\0' ? snprintf(fault->name, sizeof fault->name, "%s", name)
                                 : snprintf(fault->name, sizeof fault->name, "%s_%s", type, stream);
    if (length >= (int)sizeof fault->name)
        return err_set(err, "toxic name is too long, it may have %d bytes", FAULT_NAME_MAX - 1);
    return 0;
}

int toxic_read_head(struct toxic *toxic, const char *proxy, const json_t *body, struct err *err)
{
    const char *name = "", *word = "", *stream = direction_name(DIRECTION_DOWNSTREAM);
    const json_t *attributes;
    float toxicity = 1;
    memset(toxic, 0, sizeof *toxic);
    if (!json_is_object(body) && !json_is_null(body))
        return say_no_object(body, "toxics.ToxicWrapper", err);
    if (find_attributes(body, &attributes, "ToxicWrapper.attributes", "NoopToxic", err) != 0 ||
        read_text(body, "name", &name, err) != 0 || read_text(body, "type", &word, err) != 0 ||
        read_text(body, "stream", &stream, err) != 0 ||
        read_toxicity(body, &toxicity, "ToxicWrapper.toxicity", err) != 0)
        return -1;
    bool upstream = strcasecmp(stream, direction_name(DIRECTION_UPSTREAM)) == 0;
    if (!upstream && strcasecmp(stream, direction_name(DIRECTION_DOWNSTREAM)) != 0)
        return err_set(err, "stream was invalid, can be either upstream or downstream");
    const struct toxic_type *type = find_type(word);
    if (type == NULL)
        return err_set(err, "invalid toxic type");
    set_defaults(&toxic->fault, type, proxy, upstream ? UPSTREAM_BIT : DOWNSTREAM_BIT);
    set_toxicity(toxic, toxicity);
    snprintf(toxic->toxic_fields.stream, sizeof toxic->toxic_fields.stream, "%s", stream);
    return set_name(&toxic->fault, name, word, stream, err);
}

int toxic_read_attributes(struct toxic *toxic, const json_t *body, struct err *err)
{
    return take_attributes(&toxic->fault, member(body, "attributes"), false, err);
}

int toxic_update(struct toxic *toxic, const json_t *body, struct err *err)
{
    static const char go[] =
        "struct { Attributes interface {} \"json:\\\"attributes\\\"\"; Toxicity "
        "float32 \"json:\\\"toxicity\\\"\" }";
    const json_t *attributes;
    float toxicity = toxic->toxic_fields.toxicity;
    if (!json_is_object(body) && !json_is_null(body))
        return say_no_object(body, go, err);
    if (find_attributes(body, &attributes, ".attributes", type_of(&toxic->fault)->go, err) != 0 ||
        read_toxicity(body, &toxicity, ".toxicity", err) != 0)
        return -1;
    if (member(body, "toxicity") != NULL)
        set_toxicity(toxic, toxicity);
    return take_attributes(&toxic->fault, attributes, true, err);
}

bool toxic_is_fault(const struct fault *fault)
{
    return type_of(fault) != NULL &&
           (fault->directions == UPSTREAM_BIT || fault->directions == DOWNSTREAM_BIT) &&
           fault->when.kind == TRIGGER_OPEN && fault->until.kind == TRIGGER_NEVER &&
           fault->connections.count == 0 && fault->times == UINT64_MAX &&
           fault->clients.count == 0 && fault->active.from == 0 && fault->active.to == TIME_NEVER;
}

bool toxic_of_fault(
    struct toxic *toxic, const struct fault *fault, const struct toxic_fields *toxic_fields)
{
    if (!toxic_is_fault(fault))
        return false;
    enum direction direction =
        fault->directions == UPSTREAM_BIT ? DIRECTION_UPSTREAM : DIRECTION_DOWNSTREAM;
    toxic->fault = *fault;
    if (toxic_fields != NULL) {
        toxic->toxic_fields = *toxic_fields;
        return true;
    }
    toxic->toxic_fields.toxicity =
        fault->enabled ? (float)((double)fault->chance_ppb / PPB_ALL) : 0;
    snprintf(toxic->toxic_fields.stream, sizeof toxic->toxic_fields.stream, "%s",
        direction_name(direction));
    return true;
}

/* A whole number is written as one. */
static json_t *number_to_json(double number)
{
    bool whole = number == trunc(number) && fabs(number) < 1e15;
    return whole ? json_integer((json_int_t)number) : json_real(number);
}

static json_t *attribute_to_json(const struct fault *fault, const struct attribute *attribute)
{
    const struct option *option = option_find(fault->type->options, attribute->key);
    uint64_t value = *(const uint64_t *)(const void *)(fault->params + option->offset);
    if (attribute->unit == 0)
        return number_to_json((double)value / PPB_ALL);
    value /= attribute->unit;
    return json_integer(value < INT64_MAX ? (json_int_t)value : INT64_MAX);
}

json_t *toxic_to_json(const struct toxic *toxic)
{
    const struct toxic_type *type = type_of(&toxic->fault);
    json_t *attributes = json_object();
    for (const struct attribute *it = type->attributes; it->name != NULL; it++)
        json_object_set_new(attributes, it->name, attribute_to_json(&toxic->fault, it));
    return json_pack("{s:o, s:s, s:s, s:s, s:o}", "attributes", attributes, "name",
        toxic->fault.name, "type", type->name, "stream", toxic->toxic_fields.stream, "toxicity",
        number_to_json(shortest(toxic->toxic_fields.toxicity)));
}
