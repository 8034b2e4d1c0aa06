/* SPDX-License-Identifier: MIT */
/* Schemas of OpenAPI: see schema.h. */
#include "tests/lib/schema.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* One comparison: false with err filled. */
#define MISMATCH(...) (err_set(err, __VA_ARGS__), false)

const json_t *schema_resolve(const json_t *file, const json_t *object)
{
    const char *ref = json_string_value(json_object_get(object, "$ref"));
    if (ref == NULL)
        return object;
    const json_t *found = file;
    if (strncmp(ref, "#/", 2) != 0)
        return NULL;
    for (const char *p = ref + 2; found != NULL; p++) {
        char key[64];
        size_t length = strcspn(p, "/");
        snprintf(key, sizeof key, "%.*s", (int)length, p);
        found = json_object_get(found, key);
        p += length;
        if (*p == '\0')
            return found;
    }
    return NULL;
}

static bool knows(const char *keyword)
{
    static const char *const known[] = {"type", "description", "format", "default", "example",
        "nullable", "enum", "properties", "required", "additionalProperties", "items", "oneOf",
        "minimum", NULL};
    for (size_t i = 0; known[i] != NULL; i++) {
        if (strcmp(known[i], keyword) == 0)
            return true;
    }
    return false;
}

static bool has_type(const char *type, const json_t *value)
{
    return (strcmp(type, "object") == 0 && json_is_object(value)) ||
           (strcmp(type, "array") == 0 && json_is_array(value)) ||
           (strcmp(type, "string") == 0 && json_is_string(value)) ||
           (strcmp(type, "integer") == 0 && json_is_integer(value)) ||
           (strcmp(type, "number") == 0 && json_is_number(value)) ||
           (strcmp(type, "boolean") == 0 && json_is_boolean(value));
}

static bool fits_enum(const json_t *words, const json_t *value, const char *place, struct err *err)
{
    size_t i;
    json_t *word;
    json_array_foreach(words, i, word)
    {
        if (json_equal(word, value))
            return true;
    }
    return words == NULL || MISMATCH("%s: '%s' is not among the words of its enum", place,
                                json_is_string(value) ? json_string_value(value) : "a value");
}

static bool fits_one(const json_t *file, const json_t *schemas, const json_t *value,
    const char *place, struct err *err)
{
    size_t i, count = 0;
    json_t *schema;
    json_array_foreach(schemas, i, schema)
    {
        count += schema_fits(file, schema, value, place, err);
    }
    return schemas == NULL || count == 1 || MISMATCH("%s: %zu of oneOf fit", place, count);
}

static bool fits_member(const json_t *file, const json_t *schema, const char *key,
    const json_t *value, const char *place, struct err *err)
{
    char inner[256];
    const json_t *own = json_object_get(json_object_get(schema, "properties"), key);
    const json_t *other = json_object_get(schema, "additionalProperties");
    snprintf(inner, sizeof inner, "%s.%s", place, key);
    if (own == NULL && !json_is_object(other))
        return MISMATCH("%s is not described", inner);
    return schema_fits(file, own != NULL ? own : other, value, inner, err);
}

static bool fits_object(const json_t *file, const json_t *schema, const json_t *value,
    const char *place, struct err *err)
{
    const char *key;
    json_t *member, *name;
    size_t i;
    json_array_foreach(json_object_get(schema, "required"), i, name)
    {
        if (json_object_get(value, json_string_value(name)) == NULL)
            return MISMATCH("%s.%s is missing", place, json_string_value(name));
    }
    json_object_foreach((json_t *)(uintptr_t)value, key, member)
    {
        if (!fits_member(file, schema, key, member, place, err))
            return false;
    }
    return true;
}

static bool fits_array(const json_t *file, const json_t *schema, const json_t *value,
    const char *place, struct err *err)
{
    size_t i;
    json_t *element;
    const json_t *items = json_object_get(schema, "items");
    json_array_foreach(value, i, element)
    {
        char inner[256];
        snprintf(inner, sizeof inner, "%s[%zu]", place, i);
        if (!schema_fits(file, items, element, inner, err))
            return false;
    }
    return true;
}

bool schema_fits(const json_t *file, const json_t *schema, const json_t *value, const char *place,
    struct err *err)
{
    const char *keyword;
    json_t *ignored;
    schema = schema_resolve(file, schema);
    if (schema == NULL)
        return MISMATCH("%s: there is no such schema", place);
    json_object_foreach((json_t *)(uintptr_t)schema, keyword, ignored)
    {
        if (!knows(keyword))
            return MISMATCH("%s: the schema has '%s', which nobody checks", place, keyword);
    }
    if (json_is_null(value) && json_is_true(json_object_get(schema, "nullable")))
        return true;
    const char *type = json_string_value(json_object_get(schema, "type"));
    if (type != NULL && !has_type(type, value))
        return MISMATCH("%s: is no %s", place, type);
    const json_t *minimum = json_object_get(schema, "minimum");
    if (minimum != NULL && json_number_value(value) < json_number_value(minimum))
        return MISMATCH("%s: is less than its minimum", place);
    return fits_enum(json_object_get(schema, "enum"), value, place, err) &&
           fits_one(file, json_object_get(schema, "oneOf"), value, place, err) &&
           (type == NULL || !json_is_object(value) ||
               fits_object(file, schema, value, place, err)) &&
           (type == NULL || !json_is_array(value) || fits_array(file, schema, value, place, err));
}
