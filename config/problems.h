/* SPDX-License-Identifier: MIT */
/*
 * The problems of a configuration, collected while it is read and checked, and printed together in
 * the order of the lines.
 */
#ifndef RUDEPROXY_CONFIG_PROBLEMS_H
#define RUDEPROXY_CONFIG_PROBLEMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Limit of printed problems; later ones are only counted. Nobody reads more, and a file of garbage
 * has one on every line. */
#define PROBLEMS_MAX 1000

/* The place of a problem: a file and a line, or an argument of the command line. */
struct place {
    const char *where; /* borrowed from the source; NULL: no place */
    unsigned order;    /* of `where` among the places of the source */
    unsigned line;     /* from 1; 0: the whole file, or no file */
};

struct problem; /* one sentence and its place */

struct problems {
    struct problem *list; /* owned */
    size_t count, capacity;
    size_t total; /* including those that were not stored */
    bool out_of_memory;
};

void problems_init(struct problems *problems);
void problems_deinit(struct problems *problems);

/* Section ("fault x") and key may be NULL. The text says what is wrong and what would be right. */
void problems_add(struct problems *problems, struct place place, const char *section,
    const char *key, const char *format, ...) __attribute__((format(printf, 5, 6)));

/* Adds the problem that memory ran out while reading or checking. */
void problems_out_of_memory(struct problems *problems);

/* Returns the key of the i-th stored problem, or NULL; and its sentence. Both live as long as the
 * problems. */
const char *problems_key(const struct problems *problems, size_t i);
const char *problems_text(const struct problems *problems, size_t i);

/* Sorts by place and writes one a line: `FILE:LINE: [section] key: text`. If memory ran out, writes
 * only that. */
void problems_print(struct problems *problems, FILE *out);

#endif
