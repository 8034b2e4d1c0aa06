/* SPDX-License-Identifier: MIT */
/*
 * The sections and keys as read, in order, each with its place, before they are checked against the
 * tables. Both readers, of files (ini.c) and of the command line (words.c), fill a source; check.c
 * reads it.
 */
#ifndef RUDEPROXY_CONFIG_SOURCE_H
#define RUDEPROXY_CONFIG_SOURCE_H

#include <stdbool.h>
#include <stddef.h>

#include "config/problems.h"
#include "proxy/base/option.h"

#define SECTION_TITLE_MAX 49     /* inih keeps section names in 50 bytes, NUL included */
#define SOURCE_SECTIONS_MAX 4096 /* searched one by one: keeps a hostile file cheap */
#define SOURCE_KEYS_MAX 64       /* for one section; no type has a quarter of it */
#define SOURCE_LINE_MAX 197      /* bytes of a line; inih reads into 200 with "\r\n" and NUL */

/* The sections of a file, for messages. */
#define SECTION_FORMS "[rudeproxy], [proxy NAME], [fault NAME] or [sweep]"

/* The meaning of the first word of a section title. */
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
    char *value;   /* owned; NULL: the value was invalid and is reported */
    bool override; /* given by config_source_set: wins over the others */
};

struct source_section {
    struct place place;
    const struct section_kind *kind;   /* NULL: unknown and reported */
    char title[SECTION_TITLE_MAX + 1]; /* such as "proxy redis" */
    const char *name;                  /* "redis", in `title`; "": missing, or the kind has none */
    bool declared;                     /* a header was read; false: only config_source_set so far */
    /* repeats an earlier section, reported; keys are still checked */
    bool duplicate;
    bool taken;              /* the command line adds a section of this title too, reported */
    struct source_key *keys; /* owned */
    size_t key_count, key_capacity;
};

struct config_source {
    struct source_section **sections; /* owned, with their elements, whose addresses stay */
    size_t section_count, section_capacity;
    char **places; /* owned: file names and argument names */
    unsigned place_count;
    struct problems problems; /* of reading */
    bool unread;              /* a file could not be read: missing sections may be in it */
};

/* Registers the name of a place. Its `where` lives as long as the source. */
struct place source_place(struct config_source *source, const char *where);

/* Begins a section and reports problems of its title. Returns NULL if out of memory, or above
 * SOURCE_SECTIONS_MAX (then reported). */
struct source_section *source_begin_section(
    struct config_source *source, struct place place, const char *title, size_t length);

/* Adds a key, or reports it as a duplicate. `value` NULL: see struct source_key. */
void source_add_key(struct config_source *source, struct source_section *section,
    struct place place, const char *name, const char *value);

/* Whether a value can be in a line of a file; otherwise reports the problem. */
bool source_check_value(struct config_source *source, const struct source_section *section,
    struct place place, const char *name, const char *value);

/* Returns the start of a comment, or the position of the NUL. inih's rule: a semicolon after white
 * space begins a comment. */
const char *source_find_comment(const char *text);

/* Returns the first byte of a line or word that a configuration cannot contain, or NULL. */
const char *source_find_control(const char *text, size_t length);

#endif
