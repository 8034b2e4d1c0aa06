/* SPDX-License-Identifier: MIT */
#include "proxy/fault/after.h"

#include <stdio.h>
#include <string.h>

#define ANY "/any"

static int after_parse(const struct option *option, const char *text, void *value, struct err *err)
{
    struct after after = {.any = false};
    size_t length = strlen(text);
    if (length >= strlen(ANY) && strcmp(text + length - strlen(ANY), ANY) == 0) {
        after.any = true;
        length -= strlen(ANY);
    }
    if (length == 0)
        return err_set(err, "the name of the fault is missing, write %s", option->kind->form);
    if (length >= sizeof after.name)
        return err_set(err, "too long for the name of a fault, write %s", option->kind->form);
    memcpy(after.name, text, length);
    memcpy(value, &after, sizeof after);
    return 0;
}

static void after_format(const struct option *option, const void *value, char *buf, size_t size)
{
    const struct after *after = value;
    (void)option;
    snprintf(buf, size, "%s%s", after->name, after->any ? ANY : "");
}

const struct option_kind option_after = {
    .name = "after",
    .form = "the name of a fault, or NAME/any",
    .size = sizeof(struct after),
    .parse = after_parse,
    .format = after_format,
};
