/* SPDX-License-Identifier: MIT */
#include "proxy/app/sweep/json_text.h"

#include <stdlib.h>
#include <string.h>

json_t *sweep_json_text(const char *value)
{
    json_t *string = json_string(value);
    if (string != NULL)
        return string;
    char *copy = strdup(value);
    for (char *p = copy; p != NULL && *p != '\0'; p++) {
        if ((unsigned char)*p >= 0x80)
            *p = '?';
    }
    string = copy != NULL ? json_string(copy) : NULL;
    free(copy);
    return string;
}
