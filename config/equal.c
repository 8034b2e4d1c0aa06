/* SPDX-License-Identifier: MIT */
/*
 * Whether two faults say the same: if they would be printed the same. What lies in a struct behind the
 * end of a string, or between its members, means nothing.
 */
#include <string.h>

#include "config/config.h"

/* Two faults with the same values in the rows of a table; `skip` is the offset of one not looked at. */
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
