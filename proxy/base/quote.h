/* SPDX-License-Identifier: MIT */
/*
 * Strings in double quotes with C escapes: \n \r \t \a \b \f \v \e \\ \" \' \?, one to three octal
 * digits (\0, \033), and \xHH (always two digits). They are bytes, not characters: a string may
 * hold any byte, also NUL.
 */
#ifndef RUDEPROXY_BASE_QUOTE_H
#define RUDEPROXY_BASE_QUOTE_H

#include <stdbool.h>
#include <stddef.h>

#include "proxy/base/err.h"
#include "proxy/base/must_check.h"

/* Parses `text`, all of which is `"..."`, into at most `size` bytes. Returns their number, or -1
 * with err filled. Adds no NUL. A tab must be written as \t, so that the output of quote_format is
 * never longer than the text that was parsed. */
MUST_CHECK long quote_parse(const char *text, char *out, size_t size, struct err *err);

/* Like quote_parse, but more text may follow the string; *rest is set to it. */
MUST_CHECK long quote_parse_prefix(
    const char *text, char *out, size_t size, const char **rest, struct err *err);

/* Writes bytes so that quote_parse reads them back, NUL-terminated, truncated at `size`. A
 * semicolon after a blank becomes \73, because ` ;` begins a comment in an INI file, even inside
 * quotes. */
void quote_format(const char *bytes, size_t length, char *buf, size_t size);

/* Writes the value of a key so that a file with it reads back the same text: without quotes where
 * that is possible, else as quote_format does. An empty text stays empty. */
void quote_format_value(const char *text, char *buf, size_t size);

/* Writes one character for a string in JSON's double quotes (RFC 8259) that is also safe in a line
 * of text: characters that are not printable are escaped. A byte 0xHH that is not UTF-8 becomes the
 * private character U+F7HH, which quote_restore_bytes() turns back. Fills `spelled`. Returns the
 * number of bytes of `text` it represents, 0 at the end. */
#define QUOTE_SPELLED_MAX 13
size_t quote_json_next(const char *text, char spelled[QUOTE_SPELLED_MAX]);

/* Replaces the private characters of quote_json_next() by their bytes, in place. */
void quote_restore_bytes(char *text);

/* Returns a name for a line of text: itself, or quoted in `buf` if it contains a blank or another
 * character that could be misread. Truncates a result that does not fit. */
#define QUOTE_NAME_MAX 800 /* 127 bytes, each as \uXXXX */
const char *quote_name(const char *name, char buf[QUOTE_NAME_MAX]);

/* Whether quote_name() would return the text unchanged. */
bool quote_is_plain(const char *text);

/* Returns the closing quote of the string that begins at text[0] == '"', or NULL. */
const char *quote_end(const char *text);

/* Returns the first `wanted`, which has no quotes, outside double quotes, or NULL. A quote that is
 * left open extends to the end. */
const char *quote_find_outside(const char *text, const char *wanted);

/* Returns the end of the word that begins at `text`: the first blank outside double quotes, or the
 * end of the text, also if a quote is left open. */
const char *quote_word_end(const char *text);

#endif
