/* SPDX-License-Identifier: MIT */
/*
 * Writes one record, as a JSON object or as `key=value` text, from the same calls. Text flattens
 * objects into dotted keys and omits empty strings and empty lists.
 */
#ifndef RUDEPROXY_RECORD_WRITER_H
#define RUDEPROXY_RECORD_WRITER_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "config/config.h"

struct writer {
    FILE *out;
    enum log_format format;
    const char *object; /* text: prefix of the keys inside an object */
    bool first;         /* the next value needs no comma or blank before it */
};

void writer_begin(struct writer *writer, FILE *out, enum log_format format);
void writer_end(struct writer *writer); /* ends the line */

void writer_string(struct writer *writer, const char *key, const char *value);
/* Bytes as a string of two hexadecimal digits each. */
void writer_hex(struct writer *writer, const char *key, const unsigned char *bytes, size_t size);
void writer_number(struct writer *writer, const char *key, uint64_t value);
void writer_null(struct writer *writer, const char *key);
void writer_strings(
    struct writer *writer, const char *key, const char *const *values, size_t count);

/* A list of objects. Write each object's members between its begin and end. JSON only: text omits
 * lists. */
void writer_list_begin(struct writer *writer, const char *key);
void writer_item_begin(struct writer *writer);
void writer_item_end(struct writer *writer);
void writer_list_end(struct writer *writer);

/* Begins one level of nesting. */
void writer_open(struct writer *writer, const char *key);
void writer_close(struct writer *writer);

#endif
