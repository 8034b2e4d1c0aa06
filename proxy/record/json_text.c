/* SPDX-License-Identifier: MIT */
#include "proxy/record/json_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/base/quote.h"

json_t *json_text(const char *value)
{
    char spelled[QUOTE_SPELLED_MAX];
    json_t *string = json_string(value);
    size_t used = 0, size = QUOTE_SPELLED_MAX * strlen(value) + 3;
    char *quoted = string == NULL ? malloc(size) : NULL;
    if (quoted == NULL)
        return string;
    quoted[used++] = '"';
    for (size_t length; (length = quote_json_next(value, spelled)) > 0; value += length)
        used += (size_t)snprintf(quoted + used, size - used, "%s", spelled);
    memcpy(quoted + used, "\"", 2);
    string = json_loads(quoted, JSON_DECODE_ANY, NULL);
    free(quoted);
    return string;
}
