/* SPDX-License-Identifier: MIT */
/*
 * Writes one record, as a JSON object or as `key=value` text, from the same calls. Text flattens
 * objects into dotted keys and omits empty strings and empty lists.
 */
#ifndef RUDEPROXY_RECORD_FIELDS_H
#define RUDEPROXY_RECORD_FIELDS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "config/config.h"

struct fields {
    FILE *out;
    enum log_format format;
    const char *object; /* text: prefix of the keys inside an object */
    bool first;         /* the next value needs no comma or blank before it */
};

void fields_begin(struct fields *fields, FILE *out, enum log_format format);
void fields_end(struct fields *fields); /* ends the line */

void fields_string(struct fields *fields, const char *key, const char *value);
/* Bytes as a string of two hexadecimal digits each. */
void fields_hex(struct fields *fields, const char *key, const unsigned char *bytes, size_t size);
void fields_number(struct fields *fields, const char *key, uint64_t value);
void fields_null(struct fields *fields, const char *key);
void fields_strings(
    struct fields *fields, const char *key, const char *const *values, size_t count);

/* A list of objects. Write each object's members between its begin and end. JSON only: text omits
 * lists. */
void fields_list_begin(struct fields *fields, const char *key);
void fields_item_begin(struct fields *fields);
void fields_item_end(struct fields *fields);
void fields_list_end(struct fields *fields);

/* Begins one level of nesting. */
void fields_open(struct fields *fields, const char *key);
void fields_close(struct fields *fields);

#endif
