/* SPDX-License-Identifier: MIT */
/* The kind of value that is bytes in double quotes. */
#include <stdio.h>
#include <string.h>

#include "proxy/base/option.h"
#include "proxy/base/quote.h"

static int parse(const struct option *option, const char *text, void *value, struct err *err)
{
    struct byte_string string = {0};
    long length = quote_parse(text, (char *)string.bytes, sizeof string.bytes, err);
    if (length < 0)
        return -1;
    if (length == 0)
        return err_set(err, "the string is empty, write %s", option->kind->form);
    string.length = (unsigned)length;
    memcpy(value, &string, sizeof string);
    return 0;
}

static void format(const struct option *option, const void *value, char *buf, size_t size)
{
    const struct byte_string *string = value;
    (void)option;
    if (string->length == 0)
        snprintf(buf, size, "%s", "");
    else
        quote_format((const char *)string->bytes, string->length, buf, size);
}

const struct option_kind option_string = {
    .name = "string",
    .form = "bytes in double quotes, such as \"\\r\\n\" or \"\\x00\"",
    .size = sizeof(struct byte_string),
    .reads_quotes = true,
    .parse = parse,
    .format = format,
};
