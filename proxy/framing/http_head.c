/* SPDX-License-Identifier: MIT */
/*
 * The lines of an HTTP/1.1 head (RFC 9112 2 to 6), as far as the length of the message depends on
 * them. Where a lenient and a strict reader would see messages of different lengths, the line is
 * not understood.
 */
#include "proxy/framing/http.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "proxy/framing/framer.h"

const char *const http_methods[HTTP_METHODS] = {"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT",
    "OPTIONS", "TRACE", "PATCH", "PROPFIND", "PROPPATCH", "MKCOL", "COPY", "MOVE", "LOCK", "UNLOCK",
    "REPORT", "SEARCH", "BIND", "UNBIND", "REBIND", "ACL", "CHECKIN", "CHECKOUT", "MERGE",
    "MKACTIVITY", "MKCALENDAR", "LINK", "UNLINK", "QUERY", "PURGE", "SUBSCRIBE", "UNSUBSCRIBE",
    "NOTIFY", "M-SEARCH"};

static size_t kept(const struct http_line *line)
{
    return http_line_is_cut(line) ? HTTP_LINE_MAX - 1 : (size_t)line->size;
}

size_t http_line_add(struct http_line *line, const unsigned char *bytes, size_t n, bool *complete)
{
    const unsigned char *end = memchr(bytes, '\n', n);
    size_t used = end == NULL ? n : (size_t)(end - bytes) + 1;
    size_t have = kept(line), room = HTTP_LINE_MAX - 1 - have;
    memcpy(line->text + have, bytes, used < room ? used : room);
    line->size += used;
    *complete = end != NULL;
    if (end == NULL)
        return used;
    have = kept(line);
    if (have > 0 && line->text[have - 1] == '\n')
        have--;
    if (have > 0 && line->text[have - 1] == '\r')
        have--;
    line->text[have] = '\0';
    line->length = have;
    return used;
}

/* RFC 9110 5.6.2. */
static bool is_token_char(char c)
{
    return c > ' ' && c < 0x7f && strchr("\"(),/:;<=>?@[\\]{}", c) == NULL;
}

static size_t token_length(const char *text, size_t n)
{
    size_t length = 0;
    while (length < n && is_token_char(text[length]))
        length++;
    return length;
}

static const char version[] = "HTTP/1.";
#define VERSION_LENGTH (sizeof version - 1)

bool http_first_line_may_be(const struct http_line *line, enum direction direction)
{
    size_t have = kept(line);
    if (direction == DIRECTION_DOWNSTREAM)
        return memcmp(line->text, version, have < VERSION_LENGTH ? have : VERSION_LENGTH) == 0;
    size_t seen = have < HTTP_METHOD_MAX + 1 ? have : HTTP_METHOD_MAX + 1;
    size_t length = token_length(line->text, seen);
    return length <= HTTP_METHOD_MAX &&
           (length == have || (length > 0 && line->text[length] == ' '));
}

static bool is_version(const char *text)
{
    return strncmp(text, version, VERSION_LENGTH) == 0 &&
           isdigit((unsigned char)text[VERSION_LENGTH]);
}

/* METHOD SP target SP HTTP/1.x. The version of a line that is cut is not seen. */
static bool begin_request(struct http_head *head, const struct http_line *line)
{
    size_t length = token_length(line->text, HTTP_METHOD_MAX + 1);
    if (length == 0 || length > HTTP_METHOD_MAX || line->text[length] != ' ')
        return false;
    memcpy(head->kind, line->text, length);
    if (http_line_is_cut(line))
        return true;
    const char *last = strrchr(line->text, ' ');
    return last > line->text + length && is_version(last + 1) &&
           last[1 + VERSION_LENGTH + 1] == '\0';
}

/* HTTP/1.x SP code, and perhaps SP reason. */
static bool begin_response(struct http_head *head, const struct http_line *line)
{
    const char *code = line->text + VERSION_LENGTH + 2;
    if (!is_version(line->text) || code[-1] != ' ')
        return false;
    for (int i = 0; i < 3; i++)
        if (!isdigit((unsigned char)code[i]))
            return false;
    if (code[3] != ' ' && code[3] != '\0')
        return false;
    memcpy(head->kind, code, 3);
    head->status = (unsigned)((code[0] - '0') * 100 + (code[1] - '0') * 10 + (code[2] - '0'));
    return head->status >= 100;
}

bool http_head_begin(struct http_head *head, const struct http_line *line, enum direction direction)
{
    memset(head, 0, sizeof *head);
    snprintf(head->first_line, sizeof head->first_line, "%.*s", HTTP_FIRST_LINE_MAX, line->text);
    return direction == DIRECTION_UPSTREAM ? begin_request(head, line) : begin_response(head, line);
}

/* Takes Content-Length: a number, or a list of numbers (RFC 9112 6.3). A number may be repeated.
 * False: a number is invalid, or two differ. */
static bool add_length(struct http_head *head, const char *value)
{
    uint64_t length = 0;
    size_t digits = strspn(value, "0123456789");
    for (size_t i = 0; i < digits; i++) {
        length = length * 10 + (uint64_t)(value[i] - '0');
        if (length > FRAMER_SIZE_MAX)
            return false;
    }
    if (digits == 0 || (head->has_length && head->length != length))
        return false;
    head->has_length = true;
    head->length = length;
    value += digits;
    value += strspn(value, " \t");
    return *value == '\0' ||
           (*value == ',' && add_length(head, value + 1 + strspn(value + 1, " \t")));
}

/* Takes Transfer-Encoding: a list, whose last element says whether the body is chunked. */
static bool add_coding(struct http_head *head, const char *value)
{
    const char *last = strrchr(value, ',');
    last = last == NULL ? value : last + 1;
    last += strspn(last, " \t");
    size_t length = strcspn(last, " \t;");
    if (length == 0)
        return false;
    head->has_coding = true;
    head->chunked = length == 7 && strncasecmp(last, "chunked", length) == 0;
    return true;
}

static const struct {
    const char *name;
    bool (*add)(struct http_head *head, const char *value);
} fields[] = {
    {"Content-Length", add_length},
    {"Transfer-Encoding", add_coding},
};

bool http_head_add(struct http_head *head, const struct http_line *line)
{
    const char *text = line->text;
    if (text[0] == ' ' || text[0] == '\t') /* goes on from the line before (RFC 9112 5.2) */
        return !head->last_mattered;
    size_t length = token_length(text, HTTP_LINE_MAX - 1);
    head->last_mattered = false;
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        if (strlen(fields[i].name) != length || strncasecmp(text, fields[i].name, length) != 0)
            continue;
        const char *value = text + length + 1;
        head->last_mattered = true;
        return text[length] == ':' && !http_line_is_cut(line) &&
               fields[i].add(head, value + strspn(value, " \t"));
    }
    if (head->status != 0) /* a proxy removes these blanks from a response (RFC 9112 5.1) */
        length += strspn(text + length, " \t");
    return token_length(text, 1) > 0 && (text[length] == ':' || http_line_is_cut(line));
}

bool http_chunk_size(const struct http_line *line, uint64_t *size)
{
    const char *text = line->text;
    size_t digits = strspn(text, "0123456789abcdefABCDEF");
    *size = 0;
    if (digits == 0 || (text[digits] != '\0' && strchr("; \t", text[digits]) == NULL))
        return false;
    for (size_t i = 0; i < digits; i++) {
        char c = text[i];
        *size = *size << 4 | (uint64_t)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
        if (*size > FRAMER_SIZE_MAX)
            return false;
    }
    return true;
}
