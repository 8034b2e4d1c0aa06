/* SPDX-License-Identifier: MIT */
/* Strings in double quotes: see quote.h. */
#include "proxy/base/quote.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static const char escape_letters[] = "nrtabfve0\\\"";
static const char escape_bytes[] = "\n\r\t\a\b\f\v\x1b\0\\\"";

static int hex_digit(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *found = c == '\0' ? NULL : strchr(digits, c | 0x20);
    return found == NULL ? -1 : (int)(found - digits);
}

const char *quote_end(const char *text)
{
    assert(text[0] == '"');
    for (const char *c = text + 1; *c != '\0'; c++) {
        if (*c == '"')
            return c;
        if (*c == '\\' && c[1] != '\0')
            c++;
    }
    return NULL;
}

/* Reads what follows a backslash. Returns what stands behind it, NULL with err filled. */
static const char *parse_escape(const char *text, char *byte, struct err *err)
{
    if (text[0] == 'x') {
        int high = hex_digit(text[1]);
        int low = high < 0 ? -1 : hex_digit(text[2]);
        if (low >= 0) {
            *byte = (char)(high << 4 | low);
            return text + 3;
        }
        err_set(err, "\\x needs two hexadecimal digits, such as \\x3b");
        return NULL;
    }
    const char *found = text[0] == '\0' ? NULL : strchr(escape_letters, text[0]);
    if (found == NULL) {
        err_set(err, "'\\%.1s' is no escape, write one of \\n \\r \\t \\0 \\\\ \\\" \\xHH", text);
        return NULL;
    }
    *byte = escape_bytes[found - escape_letters];
    return text + 1;
}

long quote_parse_prefix(
    const char *text, char *out, size_t size, const char **rest, struct err *err)
{
    if (text[0] != '"')
        return err_set(err, "a string stands in double quotes, such as \"\\r\\n\"");
    const char *end = quote_end(text);
    if (end == NULL)
        return err_set(err, "the string has no closing double quote");
    *rest = end + 1;
    size_t length = 0;
    for (const char *c = text + 1; c != end;) {
        char byte = *c++;
        if (byte == '\t')
            return err_set(err, "a tab inside a string is written as \\t");
        if (byte == '\\' && (c = parse_escape(c, &byte, err)) == NULL)
            return -1;
        if (length == size)
            return err_set(err, "the string is too long, at most %zu bytes", size);
        out[length++] = byte;
    }
    return (long)length;
}

long quote_parse(const char *text, char *out, size_t size, struct err *err)
{
    const char *rest;
    long length = quote_parse_prefix(text, out, size, &rest, err);
    if (length >= 0 && *rest != '\0')
        return err_set(err, "text follows the closing double quote, write \\\" for a quote inside");
    return length;
}

/* One byte as it stands in quotes, behind `before`. */
static void spell_byte(unsigned char byte, char before, char spelled[5])
{
    bool comment = byte == ';' && before == ' ';
    const char *found = memchr(escape_bytes, byte, sizeof escape_bytes - 1);
    if (found != NULL)
        snprintf(spelled, 5, "\\%c", escape_letters[found - escape_bytes]);
    else if (byte < 0x20 || byte == 0x7f || comment)
        snprintf(spelled, 5, "\\x%02x", (unsigned)byte);
    else
        snprintf(spelled, 5, "%c", byte);
}

void quote_format(const char *bytes, size_t length, char *buf, size_t size)
{
    size_t used = (size_t)snprintf(buf, size, "\"");
    for (size_t i = 0; i < length && used < size; i++) {
        char spelled[5];
        spell_byte((unsigned char)bytes[i], i > 0 ? bytes[i - 1] : '\0', spelled);
        used += (size_t)snprintf(buf + used, size - used, "%s", spelled);
    }
    if (used < size)
        snprintf(buf + used, size - used, "\"");
}

const char *quote_word_end(const char *text)
{
    for (; *text != '\0' && *text != ' ' && *text != '\t'; text++) {
        if (*text != '"')
            continue;
        const char *end = quote_end(text);
        if (end == NULL)
            return text + strlen(text);
        text = end;
    }
    return text;
}
