/* SPDX-License-Identifier: MIT */
#include "proxy/admin/toxiproxy/toxic_json.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Names a JSON value for an error text. */
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

int toxic_mismatch(const json_t *value, const char *where, const char *go, struct err *err)
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

int toxic_no_object(const json_t *value, const char *go, struct err *err)
{
    char what[64];
    describe(value, what, sizeof what);
    what[strcspn(what, " ")] = '\0';
    return err_set(
        err, "bad request body: json: cannot unmarshal %s into Go value of type %s", what, go);
}

const json_t *toxic_member(const json_t *object, const char *name)
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

int toxic_read_text(const json_t *body, const char *name, const char **text, struct err *err)
{
    char where[64];
    const json_t *value = toxic_member(body, name);
    if (value == NULL)
        return 0;
    snprintf(where, sizeof where, "ToxicWrapper.%s", name);
    if (!json_is_string(value))
        return toxic_mismatch(value, where, "string", err);
    *text = json_string_value(value);
    if (strlen(*text) != json_string_length(value))
        return err_set(err, "bad request body: %s has a NUL in it", name);
    return 0;
}
