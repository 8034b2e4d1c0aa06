/* SPDX-License-Identifier: MIT */
/*
 * Parsing and printing of quantities. Every parser takes the whole text: trailing garbage, signs,
 * blanks, overflow, and fractions finer than the base unit are errors, and each error text says the
 * right form. Formatters use the largest unit that is exact.
 */
#ifndef RUDEPROXY_BASE_UNITS_H
#define RUDEPROXY_BASE_UNITS_H

#include <stddef.h>
#include <stdint.h>

#include "proxy/base/err.h"
#include "proxy/base/must_check.h"

/* "250us" "10ms" "1.5s" "2m" "1h" -> microseconds. A plain "0" needs no unit. */
MUST_CHECK int units_parse_duration(const char *text, uint64_t *us, struct err *err);
void units_format_duration(uint64_t us, char *buf, size_t size);

/* "512" "64k" "1M" "1G" -> bytes, 1k = 1024. "1.5M" is allowed because it is a whole number of
 * bytes. */
MUST_CHECK int units_parse_size(const char *text, uint64_t *bytes, struct err *err);
void units_format_size(uint64_t bytes, char *buf, size_t size);

/* "25%" "0.01%" -> parts per billion, at most 100%. */
MUST_CHECK int units_parse_percentage(const char *text, uint64_t *ppb, struct err *err);
void units_format_percentage(uint64_t ppb, char *buf, size_t size);

/* "512/s" "64k/s" "1M/s" "1G/s" -> bytes a second, 1k = 1024. */
MUST_CHECK int units_parse_rate(const char *text, uint64_t *bytes_per_s, struct err *err);
void units_format_rate(uint64_t bytes_per_s, char *buf, size_t size);

/* Decimal, no sign. */
MUST_CHECK int units_parse_number(const char *text, uint64_t *number, struct err *err);

/* Copies the first element of *rest, a list with commas, without surrounding blanks, and sets *rest
 * to what follows it; NULL: nothing does. An empty text is one empty element. Returns 1; 0 if *rest
 * is NULL; -1 if the element does not fit into `size` bytes with its NUL: `out` holds its
 * beginning. */
MUST_CHECK int units_next_element(const char **rest, char *out, size_t size);

#endif
