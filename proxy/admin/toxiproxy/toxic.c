/* SPDX-License-Identifier: MIT */
/*
 * Converts toxics to faults and back. A table maps Toxiproxy's names to types and keys; ranges and
 * defaults come from the option rows of the types.
 *
 * An attribute is a whole number of some unit, or a share of one. Keys of a type without an
 * attribute have their default, as in the file.
 */
#include "proxy/admin/toxiproxy/toxic.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "proxy/admin/toxiproxy/toxic_json.h"
#include "proxy/base/rng.h"

struct attribute {
    const char *name; /* in JSON; NULL ends a table */
    const char *key;  /* of the type's options; its value is an uint64_t */
    /* option value = attribute value x unit. 0: a share, in parts per billion. */
    uint64_t unit;
    double absent;         /* value of an absent attribute */
    bool negative_is_zero; /* as in Toxiproxy's own arithmetic; otherwise it would crash there */
    const char *limit;     /* key whose value is the upper limit; NULL: none */
    /* A key that is set from this one: 1/slack_per of it, at least 1. NULL: none. */
    const char *slack;
    uint64_t slack_per;
};

#define MS ((uint64_t)US_PER_MS)

/* The burst of a bandwidth is 2 ms of its rate: 480 KB at 1000 KB/s take 480 ms, also after a
 * pause. */
#define BURSTS_PER_S 500

static const struct toxic_type {
    const char *name;  /* in Toxiproxy */
    const char *fault; /* in rudeproxy */
    const char *go;    /* the struct's name in Toxiproxy's decoder */
    struct attribute attributes[TOXIC_ATTRIBUTES_MAX + 1];
} types[] = {
    {"noop", "noop", "NoopToxic", {{.name = NULL}}},
    {"latency", "latency", "LatencyToxic",
        {{.name = "latency", .key = "delay", .unit = MS, .negative_is_zero = true},
            {.name = "jitter", .key = "jitter", .unit = MS, .negative_is_zero = true}}},
    {"bandwidth", "bandwidth", "BandwidthToxic",
        {{.name = "rate",
            .key = "rate",
            .unit = 1000,
            .slack = "burst",
            .slack_per = BURSTS_PER_S}}},
    {"slow_close", "slow_close", "SlowCloseToxic",
        {{.name = "delay", .key = "delay", .unit = MS, .negative_is_zero = true}}},
    {"timeout", "timeout", "TimeoutToxic",
        {{.name = "timeout", .key = "timeout", .unit = MS, .negative_is_zero = true}}},
    {"reset_peer", "reset_peer", "ResetToxic",
        {{.name = "timeout", .key = "timeout", .unit = MS, .negative_is_zero = true}}},
    {"slicer", "slicer", "SlicerToxic",
        {{.name = "average_size", .key = "average_size", .unit = 1},
            {.name = "size_variation",
                .key = "size_variation",
                .unit = 1,
                .negative_is_zero = true,
                .limit = "average_size"},
            {.name = "delay", .key = "delay", .unit = 1, .negative_is_zero = true}}},
    {"limit_data", "limit_data", "LimitDataToxic",
        {{.name = "bytes", .key = "bytes", .unit = 1, .negative_is_zero = true}}},
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

/* --- toxicity --- */

/* Toxiproxy stores it in 32 bits: returns the shortest decimal that is the same number there. */
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

/* It is drawn once for each connection. A toxicity of 0 becomes a disabled fault. */
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

/* `where` as in toxic_mismatch. If it is absent, *toxicity stays. */
static int read_toxicity(const json_t *body, float *toxicity, const char *where, struct err *err)
{
    const json_t *value = toxic_member(body, "toxicity");
    if (value == NULL)
        return 0;
    double number = json_number_value(value);
    if (!json_is_number(value) || !isfinite((float)number))
        return toxic_mismatch(value, where, "float32", err);
    *toxicity = (float)number;
    return 0;
}

/* --- attributes --- */

static uint64_t *toxic_place_of(struct fault *fault, const char *key)
{
    const struct option *option = option_find(fault->type->options, key);
    assert(option != NULL && option->kind->size == sizeof(uint64_t));
    return (uint64_t *)(void *)(fault->params + option->offset);
}

static void set_value(struct fault *fault, const struct attribute *attribute, uint64_t value)
{
    *toxic_place_of(fault, attribute->key) = value;
    if (attribute->slack != NULL) {
        const struct option *option = option_find(fault->type->options, attribute->slack);
        uint64_t slack = value / attribute->slack_per;
        *toxic_place_of(fault, attribute->slack) = slack == 0            ? 1
                                                   : slack > option->max ? option->max
                                                                         : slack;
    }
}

/* Stores a whole number. A too large one means "no limit" or "forever", and becomes the largest
 * value of the type. */
static int take_whole(
    struct fault *fault, const struct attribute *attribute, int64_t number, struct err *err)
{
    const struct option *option = option_find(fault->type->options, attribute->key);
    uint64_t unit = attribute->unit;
    uint64_t most = (option->max != 0 ? option->max : INT64_MAX) / unit;
    uint64_t least = (option->min + unit - 1) / unit;
    if (number < 0 && attribute->negative_is_zero)
        number = 0;
    if (number < 0 || (uint64_t)number < least)
        return err_set(err, "attribute %s: %" PRId64 " is too small, it must be at least %" PRIu64,
            attribute->name, number, least);
    if (attribute->limit != NULL && *toxic_place_of(fault, attribute->limit) / unit < most)
        most = *toxic_place_of(fault, attribute->limit) / unit;
    set_value(fault, attribute, ((uint64_t)number < most ? (uint64_t)number : most) * unit);
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

/* Returns the attribute's current value in its own unit. */
static int64_t number_of(const struct fault *fault, const struct attribute *attribute)
{
    const struct option *option = option_find(fault->type->options, attribute->key);
    uint64_t value = *(const uint64_t *)(const void *)(fault->params + option->offset);
    value /= attribute->unit;
    return value < INT64_MAX ? (int64_t)value : INT64_MAX;
}

/* Keeps the original number of an attribute that was limited, to show it unchanged. */
static void keep_number(
    struct toxic *toxic, size_t i, const struct attribute *attribute, int64_t number)
{
    bool altered = number_of(&toxic->fault, attribute) != number;
    toxic->toxic_fields.numbers[i] = number;
    toxic->toxic_fields.altered &= ~(1u << i);
    toxic->toxic_fields.altered |= (unsigned)altered << i;
}

/* Returns the number as the client wrote it. `i`: index of the attribute in its row. */
static int64_t written_number(
    const struct toxic *toxic, const struct attribute *attribute, size_t i)
{
    bool altered = (toxic->toxic_fields.altered >> i & 1) != 0;
    return altered ? toxic->toxic_fields.numbers[i] : number_of(&toxic->fault, attribute);
}

static int take_number(struct toxic *toxic, size_t i, const struct attribute *attribute,
    int64_t number, struct err *err)
{
    if (take_whole(&toxic->fault, attribute, number, err) != 0)
        return -1;
    keep_number(toxic, i, attribute, number);
    return 0;
}

/* `value` NULL: absent. `i`: index of the attribute in its row. */
static int take_attribute(struct toxic *toxic, const struct toxic_type *type, size_t i,
    const json_t *value, struct err *err)
{
    const struct attribute *attribute = &type->attributes[i];
    char where[80];
    bool share = attribute->unit == 0;
    snprintf(where, sizeof where, "%s.attributes.%s", type->go, attribute->name);
    if (value != NULL && (share ? !json_is_number(value) : !json_is_integer(value)))
        return toxic_mismatch(value, where,
            share                               ? "float64"
            : strcmp(type->name, "slicer") == 0 ? "int"
                                                : "int64",
            err);
    double absent = attribute->absent;
    if (share)
        return take_share(
            &toxic->fault, attribute, value == NULL ? absent : json_number_value(value), err);
    return take_number(
        toxic, i, attribute, value == NULL ? (int64_t)absent : json_integer_value(value), err);
}

/* An absent attribute keeps its number. The one that limits it may have changed. */
static int keep_attribute(
    struct toxic *toxic, const struct toxic_type *type, size_t i, struct err *err)
{
    const struct attribute *attribute = &type->attributes[i];
    if (attribute->limit == NULL)
        return 0;
    return take_number(toxic, i, attribute, written_number(toxic, attribute, i), err);
}

/* Finds the attributes of a body; NULL: none. Returns -1 if they are no object; `where` as in
 * toxic_mismatch. */
static int find_attributes(const json_t *body, const json_t **attributes, const char *where,
    const char *go, struct err *err)
{
    char type[64];
    *attributes = toxic_member(body, "attributes");
    snprintf(type, sizeof type, "toxics.%s", go);
    if (*attributes != NULL && !json_is_object(*attributes))
        return toxic_mismatch(*attributes, where, type, err);
    return 0;
}

/* `keep`: absent attributes stay as they are; otherwise they get their default. */
static int take_attributes(
    struct toxic *toxic, const json_t *attributes, bool keep, struct err *err)
{
    const struct fault *fault = &toxic->fault;
    const struct toxic_type *type = type_of(fault);
    for (size_t i = 0; type->attributes[i].name != NULL; i++) {
        const json_t *value =
            attributes == NULL ? NULL : toxic_member(attributes, type->attributes[i].name);
        int result = value == NULL && keep ? keep_attribute(toxic, type, i, err)
                                           : take_attribute(toxic, type, i, value, err);
        if (result != 0)
            return -1;
    }
    const char *key;
    return fault->type->check == NULL ? 0 : fault->type->check(fault, &key, err);
}

/* --- the whole --- */

/* Sets the defaults, as in the file for a fault with only type, proxy and direction. */
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
        return toxic_no_object(body, "toxics.ToxicWrapper", err);
    if (find_attributes(body, &attributes, "ToxicWrapper.attributes", "NoopToxic", err) != 0 ||
        toxic_read_text(body, "name", &name, err) != 0 ||
        toxic_read_text(body, "type", &word, err) != 0 ||
        toxic_read_text(body, "stream", &stream, err) != 0 ||
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
    return take_attributes(toxic, toxic_member(body, "attributes"), false, err);
}

int toxic_update(struct toxic *toxic, const json_t *body, struct err *err)
{
    static const char go[] =
        "struct { Attributes interface {} \"json:\\\"attributes\\\"\"; Toxicity "
        "float32 \"json:\\\"toxicity\\\"\" }";
    const json_t *attributes;
    float toxicity = toxic->toxic_fields.toxicity;
    if (!json_is_object(body) && !json_is_null(body))
        return toxic_no_object(body, go, err);
    if (find_attributes(body, &attributes, ".attributes", type_of(&toxic->fault)->go, err) != 0 ||
        read_toxicity(body, &toxicity, ".toxicity", err) != 0)
        return -1;
    if (toxic_member(body, "toxicity") != NULL)
        set_toxicity(toxic, toxicity);
    return take_attributes(toxic, attributes, true, err);
}

bool toxic_is_fault(const struct fault *fault)
{
    return type_of(fault) != NULL &&
           (fault->directions == UPSTREAM_BIT || fault->directions == DOWNSTREAM_BIT) &&
           fault->when.kind == TRIGGER_OPEN && fault->until.kind == TRIGGER_NEVER &&
           fault->connections.count == 0 && fault->times == UINT64_MAX &&
           fault->concurrent.count == 0 && fault->after.name[0] == '\0' &&
           fault->trigger_delay_us == 0 && fault->clients.count == 0 &&
           fault->destinations.count == 0 && fault->sni.text[0] == '\0' &&
           fault->active.from == 0 && fault->active.to == TIME_NEVER;
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
    toxic->toxic_fields = (struct toxic_fields){
        .toxicity = fault->enabled ? (float)((double)fault->chance_ppb / PPB_ALL) : 0};
    snprintf(toxic->toxic_fields.stream, sizeof toxic->toxic_fields.stream, "%s",
        direction_name(direction));
    return true;
}

/* Writes a whole number without a fraction. */
static json_t *number_to_json(double number)
{
    bool whole = number == trunc(number) && fabs(number) < 1e15;
    return whole ? json_integer((json_int_t)number) : json_real(number);
}

static json_t *attribute_to_json(
    const struct toxic *toxic, const struct attribute *attribute, size_t i)
{
    const struct fault *fault = &toxic->fault;
    const struct option *option = option_find(fault->type->options, attribute->key);
    if (attribute->unit == 0)
        return number_to_json(
            (double)*(const uint64_t *)(const void *)(fault->params + option->offset) / PPB_ALL);
    return json_integer(written_number(toxic, attribute, i));
}

json_t *toxic_to_json(const struct toxic *toxic)
{
    const struct toxic_type *type = type_of(&toxic->fault);
    json_t *attributes = json_object();
    for (size_t i = 0; type->attributes[i].name != NULL; i++)
        json_object_set_new(attributes, type->attributes[i].name,
            attribute_to_json(toxic, &type->attributes[i], i));
    return json_pack("{s:o, s:s, s:s, s:s, s:o}", "attributes", attributes, "name",
        toxic->fault.name, "type", type->name, "stream", toxic->toxic_fields.stream, "toxicity",
        number_to_json(shortest(toxic->toxic_fields.toxicity)));
}
