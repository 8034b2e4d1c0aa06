/* SPDX-License-Identifier: MIT */
/*
 * A scanner with Go's states and error texts finds the end of the first value, or the error in it.
 * Then jansson parses a text that is known to be valid; what only Go takes is rewritten before.
 */
#include "proxy/admin/toxiproxy/json.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "proxy/admin/text.h"
#include "proxy/base/utf8.h"

/* Limit of nesting. Go allows 10,000; jansson is recursive and allows 2,048. No request needs
 * five. */
#define DEPTH_MAX 1000

struct scan {
    const char *at, *end;
    struct err *err;
};

/* The functions below return 0, or -1 with err filled. */

static int scan_ended(struct scan *scan)
{
    return err_set(scan->err, "unexpected EOF");
}

/* Reports the current byte as unexpected. Go shows it as a character of that number. */
static int scan_bad(struct scan *scan, const char *context)
{
    unsigned char c = (unsigned char)*scan->at;
    static const char specials[] = "\a\b\f\n\r\t\v\\'";
    static const char names[] = "abfnrtv\\'";
    const char *special = c != '\0' ? strchr(specials, c) : NULL;
    char shown[8];
    if (special != NULL)
        snprintf(shown, sizeof shown, "\\%c", names[special - specials]);
    else if (c < 0x20 || c == 0x7f || (c >= 0x80 && c < 0xa0) || c == 0xad)
        snprintf(shown, sizeof shown, c < 0x80 ? "\\x%02x" : "\\u%04x", c);
    else if (c >= 0x80)
        snprintf(shown, sizeof shown, "%c%c", 0xc0 | c >> 6, 0x80 | (c & 0x3f));
    else
        snprintf(shown, sizeof shown, "%c", c);
    return err_set(scan->err, "invalid character '%s' %s", shown, context);
}

static void skip_blanks(struct scan *scan)
{
    while (scan->at < scan->end && strchr(" \t\r\n", *scan->at) != NULL && *scan->at != '\0')
        scan->at++;
}

static bool is_digit(const struct scan *scan)
{
    return scan->at < scan->end && *scan->at >= '0' && *scan->at <= '9';
}

static int scan_escape(struct scan *scan)
{
    if (scan->at == scan->end)
        return scan_ended(scan);
    char c = *scan->at;
    if (c == '\0' || strchr("bfnrt\\/\"u", c) == NULL)
        return scan_bad(scan, "in string escape code");
    scan->at++;
    for (int i = 0; c == 'u' && i < 4; i++, scan->at++) {
        if (scan->at == scan->end)
            return scan_ended(scan);
        if (*scan->at == '\0' || strchr("0123456789abcdefABCDEF", *scan->at) == NULL)
            return scan_bad(scan, "in \\u hexadecimal character escape");
    }
    return 0;
}

/* Scans behind the opening quote. */
static int scan_string(struct scan *scan)
{
    while (scan->at < scan->end) {
        unsigned char c = (unsigned char)*scan->at;
        if (c < 0x20)
            return scan_bad(scan, "in string literal");
        scan->at++;
        if (c == '"')
            return 0;
        if (c == '\\' && scan_escape(scan) != 0)
            return -1;
    }
    return scan_ended(scan);
}

static int scan_digits(struct scan *scan, const char *context)
{
    if (scan->at == scan->end)
        return scan_ended(scan);
    if (!is_digit(scan))
        return scan_bad(scan, context);
    while (is_digit(scan))
        scan->at++;
    return 0;
}

static int scan_number(struct scan *scan)
{
    bool negative = *scan->at == '-';
    scan->at += negative ? 1 : 0;
    bool zero = scan->at < scan->end && *scan->at == '0';
    if (zero)
        scan->at++;
    else if (scan_digits(scan, "in numeric literal") != 0)
        return -1;
    if (scan->at < scan->end && *scan->at == '.') {
        scan->at++;
        if (scan_digits(scan, "after decimal point in numeric literal") != 0)
            return -1;
    }
    if (scan->at < scan->end && (*scan->at == 'e' || *scan->at == 'E')) {
        scan->at++;
        if (scan->at < scan->end && (*scan->at == '+' || *scan->at == '-'))
            scan->at++;
        return scan_digits(scan, "in exponent of numeric literal");
    }
    return 0;
}

static int scan_word(struct scan *scan, const char *word)
{
    char context[64];
    for (size_t i = 0; word[i] != '\0'; i++, scan->at++) {
        if (scan->at == scan->end)
            return scan_ended(scan);
        snprintf(context, sizeof context, "in literal %s (expecting '%c')", word, word[i]);
        if (*scan->at != word[i])
            return scan_bad(scan, context);
    }
    return 0;
}

static int scan_value(struct scan *scan, unsigned depth);

/* Scans a key and its colon. */
static int scan_key(struct scan *scan)
{
    skip_blanks(scan);
    if (scan->at == scan->end)
        return scan_ended(scan);
    if (*scan->at != '"')
        return scan_bad(scan, "looking for beginning of object key string");
    scan->at++;
    if (scan_string(scan) != 0)
        return -1;
    skip_blanks(scan);
    if (scan->at == scan->end)
        return scan_ended(scan);
    if (*scan->at != ':')
        return scan_bad(scan, "after object key");
    scan->at++;
    return 0;
}

/* Scans behind the opening bracket. */
static int scan_members(struct scan *scan, bool object, unsigned depth)
{
    char closing = object ? '}' : ']';
    skip_blanks(scan);
    if (scan->at < scan->end && *scan->at == closing) {
        scan->at++;
        return 0;
    }
    for (;;) {
        if ((object && scan_key(scan) != 0) || scan_value(scan, depth + 1) != 0)
            return -1;
        skip_blanks(scan);
        if (scan->at == scan->end)
            return scan_ended(scan);
        char c = *scan->at;
        if (c != ',' && c != closing)
            return scan_bad(scan, object ? "after object key:value pair" : "after array element");
        scan->at++;
        if (c == closing)
            return 0;
    }
}

static int scan_value(struct scan *scan, unsigned depth)
{
    skip_blanks(scan);
    if (scan->at == scan->end)
        return scan_ended(scan);
    if (depth > DEPTH_MAX)
        return err_set(scan->err, "exceeded max depth");
    char c = *scan->at;
    switch (c) {
    case '{':
    case '[':
        scan->at++;
        return scan_members(scan, c == '{', depth);
    case '"':
        scan->at++;
        return scan_string(scan);
    case 't':
        return scan_word(scan, "true");
    case 'f':
        return scan_word(scan, "false");
    case 'n':
        return scan_word(scan, "null");
    default:
        if (c != '-' && !is_digit(scan))
            return scan_bad(scan, "looking for beginning of value");
        return scan_number(scan);
    }
}

/* --- What Go takes and jansson refuses --- */

/* Go reads a number only for a field. One beyond an int64 becomes a real number. Returns what
 * follows it. */
static const char *rewrite_number(struct text *out, const char *number)
{
    char *end, *whole_end;
    double real = strtod(number, &end);
    errno = 0;
    (void)strtoll(number, &whole_end, 10);
    bool overflows = errno == ERANGE && whole_end == end;
    if (!isfinite(real))
        text_puts(out, real < 0 ? "-1e308" : "1e308");
    else
        text_add(out, number, (size_t)(end - number));
    if (isfinite(real) && overflows)
        text_puts(out, ".0");
    return end;
}

#define ESCAPE_SIZE 6 /* of \uXXXX */

/* Returns the code of \uXXXX; 0 for anything else. */
static unsigned escaped_code(const char *at)
{
    char digits[5] = "";
    if (at[0] != '\\' || at[1] != 'u')
        return 0;
    memcpy(digits, at + 2, 4);
    return (unsigned)strtoul(digits, NULL, 16);
}

/* Returns the size of the character or escape sequence; 0: not UTF-8, or half a surrogate pair. */
static size_t valid_length(const char *at)
{
    unsigned code = escaped_code(at);
    if (*at != '\\')
        return utf8_length(at);
    if (code < 0xd800 || code > 0xdfff)
        return at[1] == 'u' ? ESCAPE_SIZE : 2;
    bool pair = code < 0xdc00 && escaped_code(at + ESCAPE_SIZE) >= 0xdc00 &&
                escaped_code(at + ESCAPE_SIZE) <= 0xdfff;
    return pair ? 2 * ESCAPE_SIZE : 0;
}

/* Writes U+FFFD in place of what is no character. `at`: behind the opening quote. Returns the
 * closing one. */
static const char *rewrite_string(struct text *out, const char *at)
{
    while (*at != '"') {
        size_t length = valid_length(at);
        if (length > 0)
            text_add(out, at, length);
        else
            text_puts(out, "\\ufffd");
        at += length > 0 ? length : *at == '\\' ? ESCAPE_SIZE : 1;
    }
    return at;
}

/* Rewrites a value that was scanned without an error: it has no NUL, and its strings end. */
static void rewrite(struct text *out, const char *at)
{
    while (*at != '\0') {
        if (*at == '-' || (*at >= '0' && *at <= '9')) {
            at = rewrite_number(out, at);
            continue;
        }
        text_add(out, at, 1);
        if (*at == '"') {
            at = rewrite_string(out, at + 1);
            text_add(out, at, 1);
        }
        at++;
    }
}

static json_t *load(const char *bytes, size_t size, struct err *err)
{
    const size_t flags = JSON_DECODE_ANY | JSON_ALLOW_NUL;
    json_error_t error;
    struct text rewritten = {0};
    json_t *value = json_loadb(bytes, size, flags, &error);
    if (value != NULL)
        return value;
    char *copy = strndup(bytes, size);
    if (copy != NULL)
        rewrite(&rewritten, copy);
    if (copy == NULL || rewritten.failed)
        err_set(err, "out of memory");
    else if ((value = json_loadb(rewritten.bytes, rewritten.size, flags, &error)) == NULL)
        err_set(err, "%s", error.text); /* out of memory, or a key with a NUL */
    text_free(&rewritten);
    free(copy);
    return value;
}

json_t *toxiproxy_json_read(const char *body, size_t size, struct err *err)
{
    struct scan scan = {.at = body, .end = body + size, .err = err};
    skip_blanks(&scan);
    if (size == 0 || scan.at == scan.end) {
        err_set(err, "EOF");
        return NULL;
    }
    const char *begin = scan.at;
    return scan_value(&scan, 0) == 0 ? load(begin, (size_t)(scan.at - begin), err) : NULL;
}

const char *toxiproxy_json_kind(const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return "object";
    case JSON_ARRAY:
        return "array";
    case JSON_STRING:
        return "string";
    case JSON_INTEGER:
    case JSON_REAL:
        return "number";
    case JSON_TRUE:
    case JSON_FALSE:
        return "bool";
    case JSON_NULL:
        break;
    }
    return "null";
}

static bool take_field(const struct toxiproxy_field *field, const json_t *value)
{
    if (json_is_null(value))
        return true;
    if (field->kind == GO_STRING ? !json_is_string(value) : !json_is_boolean(value))
        return false;
    if (field->kind == GO_STRING && strlen(json_string_value(value)) != json_string_length(value))
        return false; /* the string contains a NUL */
    if (field->kind == GO_STRING)
        snprintf(field->value, field->size, "%s", json_string_value(value));
    else
        *(bool *)field->value = json_is_true(value);
    if (field->given != NULL)
        *field->given = true;
    return true;
}

static const struct toxiproxy_field *find_field(
    const struct toxiproxy_field *fields, const char *key)
{
    for (const struct toxiproxy_field *field = fields; field->key != NULL; field++) {
        if (strcasecmp(field->key, key) == 0)
            return field;
    }
    return NULL;
}

int toxiproxy_json_fields(json_t *object, const char *package, const char *type,
    const struct toxiproxy_field *fields, struct err *err)
{
    const char *key;
    json_t *value;
    int result = 0;
    if (json_is_null(object))
        return 0;
    if (!json_is_object(object))
        return err_set(err, "json: cannot unmarshal %s into Go value of type %s%s",
            toxiproxy_json_kind(object), package, type);
    json_object_foreach(object, key, value)
    {
        const struct toxiproxy_field *field = find_field(fields, key);
        if (field == NULL || take_field(field, value) || result != 0)
            continue;
        result = err_set(err, "json: cannot unmarshal %s into Go struct field %s.%s of type %s",
            toxiproxy_json_kind(value), type, field->key,
            field->kind == GO_STRING ? "string" : "bool");
    }
    return result;
}
