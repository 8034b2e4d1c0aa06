/* SPDX-License-Identifier: MIT */
/* UTF-8 (RFC 3629), and which characters may reach a terminal or a line of text as they are. */
#ifndef RUDEPROXY_BASE_UTF8_H
#define RUDEPROXY_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of the character at `text`, 0: it is none, or the end. Never reads beyond the NUL. */
size_t utf8_length(const char *text);

/* The code point of the character at `text`, of `length` bytes. */
uint32_t utf8_code(const char *text, size_t length);

/* Whether it has a visible form of its own: false for controls (C0, DEL, C1), for separators of lines and
 * paragraphs, and for what is invisible or turns the direction of the text. A blank (U+0020) is printable,
 * every other space is not. */
bool utf8_is_printable(uint32_t code);

/* Puts a ? for every byte that is not part of a printable character. */
void utf8_disarm(char *text);

#endif
