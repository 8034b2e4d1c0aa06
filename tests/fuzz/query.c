/* SPDX-License-Identifier: MIT */
/* The query of a URL, and strings in quotes in both directions. */
#include "tests/fuzz/target.h"

#include "proxy/admin/call.h"
#include "proxy/base/quote.h"
#include "proxy/base/utf8.h"

static void read_query(const char *text)
{
    char key[16], value[32];
    const char *query = text;
    struct call call = {.query = text};
    while (call_query_next(&query, key, sizeof key, value, sizeof value) != 0)
        fuzz_require(query > text, "the query does not move on");
    (void)call_query(&call, "a", value, sizeof value);
}

/* A text that is read is written, and reads as the same. */
static void read_quoted(const char *text)
{
    char bytes[256], again[256], written[4 * sizeof bytes + 3];
    struct err err;
    long size = quote_parse(text, bytes, sizeof bytes, &err);
    if (size < 0)
        return;
    quote_format(bytes, (size_t)size, written, sizeof written);
    fuzz_require(quote_parse(written, again, sizeof again, &err) == size, written);
    fuzz_require(memcmp(bytes, again, (size_t)size) == 0, written);
}

/* Every byte has its place in the JSON, which has only printable characters. */
static void write_json(const char *text)
{
    char spelled[QUOTE_SPELLED_MAX], name[QUOTE_NAME_MAX];
    for (size_t length; (length = quote_json_next(text, spelled)) > 0; text += length) {
        for (const char *c = spelled; *c != '\0'; c += utf8_length(c))
            fuzz_require(utf8_is_printable(utf8_code(c, utf8_length(c))), spelled);
    }
    (void)quote_name(text, name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_text(data, size);
    read_query(text);
    read_quoted(text);
    write_json(text);
    utf8_disarm(text);
    quote_restore_bytes(text);
    free(text);
    return 0;
}
