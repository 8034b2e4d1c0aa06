/* SPDX-License-Identifier: MIT */
/* The text of one record: see field_writer.h. The queue of finished lines is in line_queue.c. Every
 * line is valid UTF-8 without control characters, even if a name or path is not (quote.h). */
#include "proxy/record/field_writer.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "proxy/base/quote.h"

void field_writer_begin(struct field_writer *writer, FILE *out, enum log_format format)
{
    *writer = (struct field_writer){.out = out, .format = format, .first = true};
    if (format == LOG_JSON)
        fputc('{', out);
}

void field_writer_end(struct field_writer *writer)
{
    fputs(writer->format == LOG_JSON ? "}\n" : "\n", writer->out);
}

static void put_quoted(FILE *out, const char *text)
{
    fputc('"', out);
    char spelled[QUOTE_SPELLED_MAX];
    for (size_t length; (length = quote_json_next(text, spelled)) > 0; text += length)
        fputs(spelled, out);
    fputc('"', out);
}

static void put_key(struct field_writer *writer, const char *key)
{
    bool json = writer->format == LOG_JSON;
    if (!writer->first)
        fputc(json ? ',' : ' ', writer->out);
    writer->first = false;
    if (json) {
        put_quoted(writer->out, key);
        fputc(':', writer->out);
        return;
    }
    if (writer->object != NULL)
        fprintf(writer->out, "%s.", writer->object);
    fprintf(writer->out, "%s=", key);
}

void field_writer_string(struct field_writer *writer, const char *key, const char *value)
{
    bool text = writer->format == LOG_TEXT;
    if (text && value[0] == '\0')
        return;
    put_key(writer, key);
    if (text && quote_is_plain(value))
        fputs(value, writer->out);
    else
        put_quoted(writer->out, value);
}

void field_writer_hex(
    struct field_writer *writer, const char *key, const unsigned char *bytes, size_t size)
{
    const char *quote = writer->format == LOG_TEXT ? "" : "\"";
    put_key(writer, key);
    fputs(quote, writer->out);
    for (size_t i = 0; i < size; i++)
        fprintf(writer->out, "%02x", bytes[i]);
    fputs(quote, writer->out);
}

void field_writer_number(struct field_writer *writer, const char *key, uint64_t value)
{
    put_key(writer, key);
    fprintf(writer->out, "%" PRIu64, value);
}

void field_writer_null(struct field_writer *writer, const char *key)
{
    if (writer->format == LOG_TEXT)
        return;
    put_key(writer, key);
    fputs("null", writer->out);
}

void field_writer_strings(
    struct field_writer *writer, const char *key, const char *const *values, size_t count)
{
    bool json = writer->format == LOG_JSON;
    if (!json && count == 0)
        return;
    put_key(writer, key);
    fputs(json ? "[" : "", writer->out);
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            fputc(',', writer->out);
        if (!json && quote_is_plain(values[i]))
            fputs(values[i], writer->out);
        else
            put_quoted(writer->out, values[i]);
    }
    fputs(json ? "]" : "", writer->out);
}

void field_writer_list_begin(struct field_writer *writer, const char *key)
{
    assert(writer->format == LOG_JSON);
    put_key(writer, key);
    fputc('[', writer->out);
    writer->first = true;
}

void field_writer_item_begin(struct field_writer *writer)
{
    if (!writer->first)
        fputc(',', writer->out);
    fputc('{', writer->out);
    writer->first = true;
}

void field_writer_item_end(struct field_writer *writer)
{
    fputc('}', writer->out);
    writer->first = false;
}

void field_writer_list_end(struct field_writer *writer)
{
    fputc(']', writer->out);
    writer->first = false;
}

void field_writer_open(struct field_writer *writer, const char *key)
{
    writer->object = NULL;
    if (writer->format == LOG_JSON) {
        put_key(writer, key);
        fputc('{', writer->out);
        writer->first = true;
    }
    writer->object = key;
}

void field_writer_close(struct field_writer *writer)
{
    writer->object = NULL;
    writer->first = false;
    if (writer->format == LOG_JSON)
        fputc('}', writer->out);
}
