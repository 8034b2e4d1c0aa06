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

/* One character of a string in JSON's double quotes (RFC 8259) that is safe in a line of text, too: what is
 * not printable is escaped. A byte 0xHH that is no UTF-8 becomes the private character U+F7HH, from which
 * quote_restore_bytes() makes it again. Fills `spelled`; returns how many bytes of `text` it stands for, 0 at
 * its end. */
#define QUOTE_SPELLED_MAX 13
size_t quote_json_next(const char *text, char spelled[QUOTE_SPELLED_MAX]);

/* Puts the bytes back for which quote_json_next() wrote private characters, in place. */
void quote_restore_bytes(char *text);

/* A name as it stands in a line of text: itself, or in quotes in `buf` when it has a blank or another
 * character that could be taken for something else. A result that does not fit is cut. */
#define QUOTE_NAME_MAX 800 /* 127 bytes, each as \uXXXX */
const char *quote_name(const char *name, char buf[QUOTE_NAME_MAX]);

/* Whether quote_name() would leave it as it is. */
bool quote_is_plain(const char *text);

/* Where the string that begins at text[0] == '"' ends: its closing quote, or NULL. */
const char *quote_end(const char *text);

/* Where the word that begins at `text` ends: at the first blank outside double quotes, or at the end
 * of the text, also when a quote is left open. */
const char *quote_word_end(const char *text);

#endif
