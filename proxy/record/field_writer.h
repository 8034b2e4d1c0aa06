/* SPDX-License-Identifier: MIT */
/*
 * Writes one record, as a JSON object or as `key=value` text, from the same calls. Text flattens
 * objects into dotted keys and omits empty strings and empty lists.
 */
#ifndef RUDEPROXY_RECORD_FIELD_WRITER_H
#define RUDEPROXY_RECORD_FIELD_WRITER_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "config/config.h"

struct field_writer {
    FILE *out;
    enum log_format format;
    const char *object; /* text: prefix of the keys inside an object */
    bool first;         /* the next value needs no comma or blank before it */
};

void field_writer_begin(struct field_writer *writer, FILE *out, enum log_format format);
void field_writer_end(struct field_writer *writer); /* ends the line */

void field_writer_string(struct field_writer *writer, const char *key, const char *value);
/* Bytes as a string of two hexadecimal digits each. */
void field_writer_hex(
    struct field_writer *writer, const char *key, const unsigned char *bytes, size_t size);
void field_writer_number(struct field_writer *writer, const char *key, uint64_t value);
void field_writer_null(struct field_writer *writer, const char *key);
void field_writer_strings(
    struct field_writer *writer, const char *key, const char *const *values, size_t count);

/* A list of objects. Write each object's members between its begin and end. JSON only: text omits
 * lists. */
void field_writer_list_begin(struct field_writer *writer, const char *key);
void field_writer_item_begin(struct field_writer *writer);
void field_writer_item_end(struct field_writer *writer);
void field_writer_list_end(struct field_writer *writer);

/* Begins one level of nesting. */
void field_writer_open(struct field_writer *writer, const char *key);
void field_writer_close(struct field_writer *writer);

#endif
