/* SPDX-License-Identifier: MIT */
/*
 * Strings in double quotes with C escapes: \n \r \t \a \b \f \v \e \0 \\ \" and \xHH (always two
 * digits). Bytes, not characters: a string may hold any byte, NUL too.
 */
#ifndef RUDEPROXY_BASE_QUOTE_H
#define RUDEPROXY_BASE_QUOTE_H

#include <stdbool.h>
#include <stddef.h>

#include "proxy/base/err.h"

/* Reads `"..."`, the whole of `text`, into at most `size` bytes. Returns how many, or -1 with err
 * filled. Adds no NUL. A tab must be written as \t, so that what quote_format writes is never longer
 * than what was read. */
long quote_parse(const char *text, char *out, size_t size, struct err *err);

/* The same for a string with text behind it, which *rest is set to. */
long quote_parse_prefix(
    const char *text, char *out, size_t size, const char **rest, struct err *err);

/* Writes bytes as quote_parse reads them, NUL-terminated, cut at `size`. A semicolon behind a
 * blank becomes \x3b, because ` ;` begins a comment in an INI file, inside quotes too. */
void quote_format(const char *bytes, size_t length, char *buf, size_t size);

/* Where the string that begins at text[0] == '"' ends: its closing quote, or NULL. */
const char *quote_end(const char *text);

/* Where the word that begins at `text` ends: at the first blank outside double quotes, or at the end
 * of the text, also when a quote is left open. */
const char *quote_word_end(const char *text);

#endif
