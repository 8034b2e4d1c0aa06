/* SPDX-License-Identifier: MIT */
#include "proxy/base/quote.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "proxy/base/utf8.h"

#define BYTES_FIRST 0xf700u /* first of the private characters that represent bytes */

/* The last two are only read: neither needs an escape. */
static const char escape_letters[] = "nrtabfve\\\"'?";
static const char escape_bytes[] = "\n\r\t\a\b\f\v\x1b\\\"'?";
#define ESCAPES_WRITTEN (sizeof escape_bytes - sizeof "'?")

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

static bool is_octal_digit(char c)
{
    return c >= '0' && c <= '7';
}

/* Parses one to three octal digits, as C does. */
static const char *parse_octal(const char *text, char *byte, struct err *err)
{
    const char *end = text;
    unsigned value = 0;
    while (end < text + 3 && is_octal_digit(*end))
        value = value * 8 + (unsigned)(*end++ - '0');
    if (value > 0xff) {
        err_set(err, "\\%.3s is more than a byte can be, write at most \\377", text);
        return NULL;
    }
    *byte = (char)value;
    return end;
}

/* Parses the text after a backslash. Returns the text behind it, or NULL with err filled. */
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
    if (is_octal_digit(text[0]))
        return parse_octal(text, byte, err);
    const char *found = text[0] == '\0' ? NULL : strchr(escape_letters, text[0]);
    if (found == NULL) {
        err_set(
            err, "'\\%.1s' is no escape, write one of \\n \\r \\t \\0 \\\\ \\\" \\xHH \\OOO", text);
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
    const char *rest = "";
    long length = quote_parse_prefix(text, out, size, &rest, err);
    if (length >= 0 && *rest != '\0')
        return err_set(err, "text follows the closing double quote, write \\\" for a quote inside");
    return length;
}

/* Writes one byte as it appears in quotes between the bytes `before` and `next`. Of its spellings
 * it takes the shortest; an octal digit behind it would belong to an octal escape. */
static void spell_byte(unsigned char byte, char before, char next, char spelled[5])
{
    bool comment = byte == ';' && before == ' ';
    const char *found = memchr(escape_bytes, byte, ESCAPES_WRITTEN);
    if (found != NULL)
        snprintf(spelled, 5, "\\%c", escape_letters[found - escape_bytes]);
    else if (byte < 0x20 || byte == 0x7f || comment)
        snprintf(spelled, 5, is_octal_digit(next) ? "\\x%02x" : "\\%o", (unsigned)byte);
    else
        snprintf(spelled, 5, "%c", byte);
}

void quote_format(const char *bytes, size_t length, char *buf, size_t size)
{
    size_t used = (size_t)snprintf(buf, size, "\"");
    for (size_t i = 0; i < length && used < size; i++) {
        char spelled[5];
        char before = i > 0 ? bytes[i - 1] : '\0', next = i + 1 < length ? bytes[i + 1] : '\0';
        spell_byte((unsigned char)bytes[i], before, next, spelled);
        used += (size_t)snprintf(buf + used, size - used, "%s", spelled);
    }
    if (used < size)
        snprintf(buf + used, size - used, "\"");
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Whether a line `key = text` reads back unchanged: blanks around a value are dropped, ` ;` begins
 * a comment, ` #` and a quote that stays open are refused, and a leading quote begins a string.
 * Every value that a file can have without quotes is bare, so it is never printed longer. */
static bool is_bare(const char *text)
{
    const char *outside = text; /* of a string, from here on */
    bool behind_blank = false;
    if (text[0] == '"' || text[0] == ';' || is_blank(text[0]))
        return false;
    for (const char *c = text; *c != '\0'; c++) {
        bool control = ((unsigned char)*c < 0x20 && *c != '\t') || *c == 0x7f;
        if (control || (behind_blank && (*c == ';' || (*c == '#' && c >= outside))))
            return false;
        if (*c == '"' && c >= outside) {
            const char *end = quote_end(c);
            if (end == NULL)
                return false;
            outside = end + 1;
        }
        behind_blank = is_blank(*c);
    }
    return !behind_blank;
}

void quote_format_value(const char *text, char *buf, size_t size)
{
    if (is_bare(text))
        snprintf(buf, size, "%s", text);
    else
        quote_format(text, strlen(text), buf, size);
}

static void spell_escaped(uint32_t code, char spelled[QUOTE_SPELLED_MAX])
{
    if (code < 0x10000) {
        snprintf(spelled, QUOTE_SPELLED_MAX, "\\u%04x", (unsigned)code);
        return;
    }
    code -= 0x10000; /* a pair of surrogates: RFC 8259, section 7 */
    snprintf(spelled, QUOTE_SPELLED_MAX, "\\u%04x\\u%04x",
        (unsigned)(0xd800 + (code >> 10 & 0x3ff)), (unsigned)(0xdc00 + (code & 0x3ff)));
}

/* Whether the character represents a byte. If the text itself contains one, that is written byte by
 * byte. */
static bool is_byte(uint32_t code)
{
    return code >= BYTES_FIRST + 0x80 && code <= BYTES_FIRST + 0xff;
}

void quote_restore_bytes(char *text)
{
    char *out = text;
    while (*text != '\0') {
        size_t length = utf8_length(text);
        uint32_t code = length == 0 ? 0 : utf8_code(text, length);
        length = length == 0 ? 1 : length;
        if (is_byte(code))
            *out++ = (char)(code - BYTES_FIRST);
        else
            for (size_t i = 0; i < length; i++)
                *out++ = text[i];
        text += length;
    }
    *out = '\0';
}

size_t quote_json_next(const char *text, char spelled[QUOTE_SPELLED_MAX])
{
    size_t length = utf8_length(text);
    if (text[0] == '\0')
        return 0;
    uint32_t code = length == 0 ? 0 : utf8_code(text, length);
    if (length == 0 || is_byte(code)) {
        spell_escaped(BYTES_FIRST + (unsigned char)text[0], spelled);
        return 1;
    }
    if (code == '"' || code == '\\')
        snprintf(spelled, QUOTE_SPELLED_MAX, "\\%c", text[0]);
    else if (utf8_is_printable(code))
        snprintf(spelled, QUOTE_SPELLED_MAX, "%.*s", (int)length, text);
    else
        spell_escaped(code, spelled);
    return length;
}

bool quote_is_plain(const char *text)
{
    return text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                             ".:/_-+[]*")] == '\0';
}

const char *quote_name(const char *name, char buf[QUOTE_NAME_MAX])
{
    char spelled[QUOTE_SPELLED_MAX];
    if (quote_is_plain(name) && name[0] != '\0')
        return name;
    size_t used = 0;
    buf[used++] = '"';
    for (size_t length; (length = quote_json_next(name, spelled)) > 0; name += length) {
        size_t size = strlen(spelled);
        if (used + size + 2 > QUOTE_NAME_MAX)
            break;
        memcpy(buf + used, spelled, size);
        used += size;
    }
    buf[used++] = '"';
    buf[used] = '\0';
    return buf;
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

const char *quote_find_outside(const char *text, const char *wanted)
{
    for (; *text != '\0'; text++) {
        if (strncmp(text, wanted, strlen(wanted)) == 0)
            return text;
        if (*text == '"' && (text = quote_end(text)) == NULL)
            return NULL;
    }
    return NULL;
}
