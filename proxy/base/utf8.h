/* SPDX-License-Identifier: MIT */
/* UTF-8 (RFC 3629), and the characters that may reach a terminal or a line of text unchanged. */
#ifndef RUDEPROXY_BASE_UTF8_H
#define RUDEPROXY_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Returns the size of the character at `text` in bytes, 0 if it is invalid or the end. Never reads
 * beyond the NUL. */
size_t utf8_length(const char *text);

/* Returns the code point of the character at `text`, which has `length` bytes. */
uint32_t utf8_code(const char *text, size_t length);

/* Whether the character is visible: false for controls (C0, DEL, C1), line and paragraph
 * separators, and characters that are invisible or change the direction of text. A blank (U+0020)
 * is printable, every other space is not. */
bool utf8_is_printable(uint32_t code);

/* Replaces every byte that is not part of a printable character by a ?. */
void utf8_disarm(char *text);

#endif
