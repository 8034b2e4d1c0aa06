/* SPDX-License-Identifier: MIT */
/*
 * Compares two faults as they would be printed. Bytes of a struct after the end of a string, or
 * between its members, do not count.
 */
#include <string.h>

#include "config/config.h"

/* Whether two faults have equal values in the rows of a table. `skip` is the offset of a row to
 * ignore. */
static bool table_equal(const struct option *table, const void *a, const void *b, size_t skip)
{
    char left[OPTION_TEXT_MAX], right[OPTION_TEXT_MAX];
    for (const struct option *option = table; option->name != NULL; option++) {
        if (option->offset == skip)
            continue;
        option_format(option, a, left, sizeof left);
        option_format(option, b, right, sizeof right);
        if (strcmp(left, right) != 0)
            return false;
    }
    return true;
}

bool fault_equal(const struct fault *a, const struct fault *b)
{
    const void *left = a, *right = b;
    if (memcmp(left, right, sizeof *a) == 0) /* one is a copy of the other, padding too */
        return true;
    return a->type == b->type &&
           table_equal(fault_options, a, b, offsetof(struct fault, proxies)) &&
           table_equal(a->type->options, a->params, b->params, SIZE_MAX);
}
