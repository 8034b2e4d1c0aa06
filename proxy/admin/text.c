/* SPDX-License-Identifier: MIT */
#include "proxy/admin/text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/base/utf8.h"

#define FIRST_CAPACITY 1024

static bool text_make_room(struct text *text, size_t size)
{
    size_t capacity = text->capacity != 0 ? text->capacity : FIRST_CAPACITY;
    if (text->failed)
        return false;
    if (text->capacity - text->size >= size)
        return true;
    while (capacity - text->size < size)
        capacity *= 2;
    char *bytes = realloc(text->bytes, capacity);
    text->failed = bytes == NULL;
    if (bytes == NULL)
        return false;
    text->bytes = bytes;
    text->capacity = capacity;
    return true;
}

void text_add(struct text *text, const char *bytes, size_t size)
{
    if (size == 0 || !text_make_room(text, size))
        return;
    memcpy(text->bytes + text->size, bytes, size);
    text->size += size;
}

void text_puts(struct text *text, const char *string)
{
    text_add(text, string, strlen(string));
}

void text_printf(struct text *text, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int size = vsnprintf(NULL, 0, format, args);
    /* also room for a NUL, which is overwritten */
    if (size > 0 && text_make_room(text, (size_t)size + 1)) {
        vsnprintf(text->bytes + text->size, (size_t)size + 1, format, again);
        text->size += (size_t)size;
    }
    va_end(again);
    va_end(args);
}

void text_free(struct text *text)
{
    free(text->bytes);
    *text = (struct text){0};
}

static void put_special(struct text *text, unsigned char c)
{
    static const char letters[] = "\"\\\n\r\t";
    static const char escapes[] = "\"\\nrt";
    const char *found = c != '\0' ? strchr(letters, c) : NULL;
    if (found != NULL)
        text_printf(text, "\\%c", escapes[found - letters]);
    else
        text_printf(text, "\\u%04x", c);
}

void text_json_string(struct text *text, const char *string)
{
    const char *p = string;
    text_add(text, "\"", 1);
    while (*p != '\0') {
        const char *plain = p;
        size_t length = 0;
        while ((unsigned char)*p >= 0x20 && strchr("\"\\<>&", *p) == NULL &&
               (length = utf8_length(p)) > 0)
            p += length;
        text_add(text, plain, (size_t)(p - plain));
        if (*p == '\0')
            break;
        if ((unsigned char)*p >= 0x80)
            text_puts(text, "\\ufffd");
        else
            put_special(text, (unsigned char)*p);
        p++;
    }
    text_add(text, "\"", 1);
}

void text_json_comma(struct text *text)
{
    char last = text->size > 0 ? text->bytes[text->size - 1] : '{';
    if (last != '{' && last != '[')
        text_add(text, ",", 1);
}

void text_json_key(struct text *text, const char *key)
{
    text_json_comma(text);
    text_json_string(text, key);
    text_add(text, ":", 1);
}

void text_json_member(struct text *text, const char *key, const char *value)
{
    text_json_key(text, key);
    text_json_string(text, value);
}

void text_json_number(struct text *text, const char *key, uint64_t value)
{
    text_json_key(text, key);
    text_printf(text, "%" PRIu64, value);
}

void text_json_bool(struct text *text, const char *key, bool value)
{
    text_json_key(text, key);
    text_puts(text, value ? "true" : "false");
}

static int on_dump(const char *bytes, size_t size, void *user)
{
    text_add(user, bytes, size);
    return 0;
}

void text_json_value(struct text *text, json_t *value, size_t flags)
{
    if (value == NULL || json_dump_callback(value, on_dump, text, flags | JSON_ENCODE_ANY) != 0)
        text->failed = true;
    json_decref(value);
}
