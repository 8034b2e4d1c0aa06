/* SPDX-License-Identifier: MIT */
/*
 * A growing text: the body of an answer. JSON is written into it directly, without a tree, because
 * a list of a thousand proxies with ten thousand toxics is made in the data path's loop.
 *
 * A text that ran out of memory stays failed and takes nothing more; check once at the end.
 *
 * Life: {0} or text_init; then text_take gives the bytes away, or text_free.
 */
#ifndef RUDEPROXY_ADMIN_TEXT_H
#define RUDEPROXY_ADMIN_TEXT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text {
    char *bytes; /* owned; not NUL-terminated */
    size_t size, capacity;
    bool failed; /* out of memory: some bytes are missing */
};

void text_add(struct text *text, const char *bytes, size_t size);
void text_puts(struct text *text, const char *string);
void text_printf(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_free(struct text *text);

/* --- JSON --- */

/* Writes a string as Go's encoder does: UTF-8 unchanged, invalid bytes as U+FFFD, and the three
 * characters special in HTML as \u00XX. */
void text_json_string(struct text *text, const char *string);

/* Writes a member of an object: a comma unless it is the first one (the text ends in '{'), the key,
 * and the value. For elements of an array, call text_json_comma before each. */
void text_json_comma(struct text *text);
void text_json_key(struct text *text, const char *key);
void text_json_member(struct text *text, const char *key, const char *value);
void text_json_number(struct text *text, const char *key, uint64_t value);
void text_json_bool(struct text *text, const char *key, bool value);
/* Writes a value that was built elsewhere; takes the reference. */
void text_json_value(struct text *text, json_t *value, size_t flags);

#endif
