/* SPDX-License-Identifier: MIT */
/*
 * What was read, before it is understood: sections in order, each with its keys and their places.
 * Both readers, of files (ini.c) and of the command line (words.c), fill a source; check.c reads
 * it.
 */
#ifndef RUDEPROXY_CONFIG_SOURCE_H
#define RUDEPROXY_CONFIG_SOURCE_H

#include <stdbool.h>
#include <stddef.h>

#include "config/problems.h"
#include "proxy/base/option.h"

#define SECTION_TITLE_MAX 49     /* inih keeps section names in 50 bytes, NUL included */
#define SOURCE_SECTIONS_MAX 4096 /* looked up one by one: keeps a hostile file cheap */
#define SOURCE_KEYS_MAX 64       /* of one section; no type has a quarter of it */
#define SOURCE_LINE_MAX 197      /* bytes of a line; inih reads into 200 with "\r\n" and NUL */

/* What the first word of a section title says. */
struct section_kind {
    const char *word; /* "proxy"; NULL ends the table */
    bool named;       /* "[proxy NAME]" */
    const struct option *options;
};

extern const struct section_kind section_kinds[];

enum { KIND_SETTINGS, KIND_PROXY, KIND_FAULT, KIND_SWEEP };

struct source_key {
    struct place place;
    char *name;    /* owned */
    char *value;   /* owned; NULL: the line was wrong and is reported, but the key is there */
    bool override; /* given by config_source_set: wins over the others */
};

struct source_section {
    struct place place;
    const struct section_kind *kind;   /* NULL: unknown and reported */
    char title[SECTION_TITLE_MAX + 1]; /* "proxy redis" */
    const char *name;                  /* "redis", in `title`; "" where missing or not wanted */
    bool declared;                     /* a header was read; false: only config_source_set so far */
    bool duplicate;                    /* of an earlier section, reported; keys are still checked */
    struct source_key *keys;           /* owned */
    size_t key_count, key_capacity;
};

struct config_source {
    struct source_section **sections; /* owned, and each of them: their addresses stay */
    size_t section_count, section_capacity;
    char **places; /* owned: file names and argument names */
    unsigned place_count;
    struct problems problems; /* of reading */
    bool unread;              /* a file could not be read at all: what is missing may be in it */
};

/* Registers a place name. Its `where` lives as long as the source. */
struct place source_place(struct config_source *source, const char *where);

/* Begins a section and reports what is wrong with its title. Returns NULL when out of memory or
 * beyond SOURCE_SECTIONS_MAX (then reported). */
struct source_section *source_begin_section(
    struct config_source *source, struct place place, const char *title, size_t length);

/* Adds a key, or reports it as a duplicate. `value` NULL: see struct source_key. */
void source_add_key(struct config_source *source, struct source_section *section,
    struct place place, const char *name, const char *value);

/* Whether a value is fit to stand in a line of a file; else its problem is reported. */
bool source_check_value(struct config_source *source, const struct source_section *section,
    struct place place, const char *name, const char *value);

/* inih's rule: a semicolon behind white space begins a comment. Its position, or that of the NUL.
 */
const char *source_find_comment(const char *text);

/* The first byte of a line or word that has no place in a configuration, NULL if there is none. */
const char *source_find_control(const char *text, size_t length);

#endif
