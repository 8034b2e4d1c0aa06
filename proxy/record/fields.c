/* SPDX-License-Identifier: MIT */
/* The text of one record: see fields.h. The queue of finished lines is in line_queue.c. Every line
 * is valid UTF-8 without control characters, even if a name or path is not (quote.h). */
#include "proxy/record/fields.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "proxy/base/quote.h"

void fields_begin(struct fields *fields, FILE *out, enum log_format format)
{
    *fields = (struct fields){.out = out, .format = format, .first = true};
    if (format == LOG_JSON)
        fputc('{', out);
}

void fields_end(struct fields *fields)
{
    fputs(fields->format == LOG_JSON ? "}\n" : "\n", fields->out);
}

static void put_quoted(FILE *out, const char *text)
{
    fputc('"', out);
    char spelled[QUOTE_SPELLED_MAX];
    for (size_t length; (length = quote_json_next(text, spelled)) > 0; text += length)
        fputs(spelled, out);
    fputc('"', out);
}

static void put_key(struct fields *fields, const char *key)
{
    bool json = fields->format == LOG_JSON;
    if (!fields->first)
        fputc(json ? ',' : ' ', fields->out);
    fields->first = false;
    if (json) {
        put_quoted(fields->out, key);
        fputc(':', fields->out);
        return;
    }
    if (fields->object != NULL)
        fprintf(fields->out, "%s.", fields->object);
    fprintf(fields->out, "%s=", key);
}

void fields_string(struct fields *fields, const char *key, const char *value)
{
    bool text = fields->format == LOG_TEXT;
    if (text && value[0] == '\0')
        return;
    put_key(fields, key);
    if (text && quote_is_plain(value))
        fputs(value, fields->out);
    else
        put_quoted(fields->out, value);
}

void fields_hex(struct fields *fields, const char *key, const unsigned char *bytes, size_t size)
{
    const char *quote = fields->format == LOG_TEXT ? "" : "\"";
    put_key(fields, key);
    fputs(quote, fields->out);
    for (size_t i = 0; i < size; i++)
        fprintf(fields->out, "%02x", bytes[i]);
    fputs(quote, fields->out);
}

void fields_number(struct fields *fields, const char *key, uint64_t value)
{
    put_key(fields, key);
    fprintf(fields->out, "%" PRIu64, value);
}

void fields_null(struct fields *fields, const char *key)
{
    if (fields->format == LOG_TEXT)
        return;
    put_key(fields, key);
    fputs("null", fields->out);
}

void fields_strings(struct fields *fields, const char *key, const char *const *values, size_t count)
{
    bool json = fields->format == LOG_JSON;
    if (!json && count == 0)
        return;
    put_key(fields, key);
    fputs(json ? "[" : "", fields->out);
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            fputc(',', fields->out);
        if (!json && quote_is_plain(values[i]))
            fputs(values[i], fields->out);
        else
            put_quoted(fields->out, values[i]);
    }
    fputs(json ? "]" : "", fields->out);
}

void fields_list_begin(struct fields *fields, const char *key)
{
    assert(fields->format == LOG_JSON);
    put_key(fields, key);
    fputc('[', fields->out);
    fields->first = true;
}

void fields_item_begin(struct fields *fields)
{
    if (!fields->first)
        fputc(',', fields->out);
    fputc('{', fields->out);
    fields->first = true;
}

void fields_item_end(struct fields *fields)
{
    fputc('}', fields->out);
    fields->first = false;
}

void fields_list_end(struct fields *fields)
{
    fputc(']', fields->out);
    fields->first = false;
}

void fields_open(struct fields *fields, const char *key)
{
    fields->object = NULL;
    if (fields->format == LOG_JSON) {
        put_key(fields, key);
        fputc('{', fields->out);
        fields->first = true;
    }
    fields->object = key;
}

void fields_close(struct fields *fields)
{
    fields->object = NULL;
    fields->first = false;
    if (fields->format == LOG_JSON)
        fputc('}', fields->out);
}
