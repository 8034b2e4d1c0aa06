/* SPDX-License-Identifier: MIT */
/* Option rows. The parsing and printing of a value is in its kind (option_kinds.c). */
#include "proxy/base/option.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "proxy/base/quote.h"

const struct option *option_find(const struct option *table, const char *name)
{
    for (; table->name != NULL; table++)
        if (strcmp(table->name, name) == 0)
            return table;
    return NULL;
}

static void *value_in(const struct option *option, void *base)
{
    return (char *)base + option->offset;
}

void option_set_defaults(const struct option *table, void *base)
{
    for (; table->name != NULL; table++) {
        struct err err;
        if (table->default_text == NULL)
            continue;
        int rc = table->kind->parse(table, table->default_text, value_in(table, base), &err);
        assert(rc == 0); /* a default in a table is always valid; a test tries each */
        (void)rc;
    }
}

/* Any value may be quoted. Most kinds want the text without its quotes. */
static int parse_quoted(const struct option *option, const char *text, void *value, struct err *err)
{
    char plain[OPTION_TEXT_MAX];
    long length = quote_parse(text, plain, sizeof plain - 1, err);
    if (length < 0)
        return -1;
    if (memchr(plain, '\0', (size_t)length) != NULL)
        return err_set(err, "a NUL byte has no place here, write %s", option->kind->form);
    plain[length] = '\0';
    return option->kind->parse(option, plain, value, err);
}

int option_parse(const struct option *option, const char *text, void *base, struct err *err)
{
    void *value = value_in(option, base);
    if (text[0] == '"' && !option->kind->reads_quotes)
        return parse_quoted(option, text, value, err);
    return option->kind->parse(option, text, value, err);
}

void option_format(const struct option *option, const void *base, char *buf, size_t size)
{
    option->kind->format(option, (const char *)base + option->offset, buf, size);
}

/* Writes "a, b or c". */
static void join_choices(const struct option *option, char *buf, size_t size)
{
    size_t used = 0;
    buf[0] = '\0';
    for (size_t i = 0; option->choices[i] != NULL && used < size; i++) {
        const char *comma = i == 0 ? "" : option->choices[i + 1] == NULL ? " or " : ", ";
        used += (size_t)snprintf(buf + used, size - used, "%s%s", comma, option->choices[i]);
    }
}

void option_describe(const struct option *option, char *buf, size_t size)
{
    char low[32], high[32];
    if (option->choices != NULL) {
        join_choices(option, buf, size);
        return;
    }
    if (option->min == 0 && option->max == 0) {
        snprintf(buf, size, "%s", option->kind->form);
        return;
    }
    option->kind->format(option, &option->min, low, sizeof low);
    option->kind->format(option, &option->max, high, sizeof high);
    if (option->max == 0)
        snprintf(buf, size, "%s, at least %s", option->kind->form, low);
    else
        snprintf(buf, size, "%s, from %s to %s", option->kind->form, low, high);
}
