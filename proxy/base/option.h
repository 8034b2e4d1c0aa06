/* SPDX-License-Identifier: MIT */
/*
 * Option rows. One row describes one `key = value` of the configuration language. The parser, the
 * default, the checks, the output of `rudeproxy check` and the help all use the row.
 *
 * A row says at which offset of a plain struct its value is. Its kind says how the value is parsed
 * and printed. Values own no memory: every kind is a fixed-size struct.
 */
#ifndef RUDEPROXY_BASE_OPTION_H
#define RUDEPROXY_BASE_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proxy/base/err.h"
#include "proxy/base/must_check.h"

struct option;

#define OPTION_TEXT_MAX 1024 /* longest printed value, NUL included */

struct option_kind {
    const char *name; /* "duration" */
    const char *form; /* the right form: "a duration such as 250us, 10ms, 1.5s, 2m or 1h" */
    size_t size;      /* of the value */
    /* `parse` gets a quoted text with its quotes; for other kinds option_parse removes them. */
    bool reads_quotes;
    /* Parses `text` into `value`. Returns 0, or -1 with err filled and `value` untouched. */
    int (*parse)(const struct option *option, const char *text, void *value, struct err *err);
    /* Prints the value so that parse reads it back, or nothing if it is unset. Truncates at
     * `size`. */
    void (*format)(const struct option *option, const void *value, char *buf, size_t size);
};

struct option {
    const char *name; /* the key; NULL ends a table */
    const struct option_kind *kind;
    size_t offset;            /* of the value in its struct */
    const char *default_text; /* parsed by `kind`; NULL: see required and unset_text */
    bool required;            /* must be given; then default_text is NULL */
    bool reloads;             /* of [rudeproxy]: a reload puts a new value in force */
    /* When the key applies, for a table whose keys do not always. `needs`: flags that the table
     * defines. `applies`: asked with the struct that holds the values; NULL: always. */
    unsigned needs;
    bool (*applies)(const void *base);
    /* The error if the key is given although `applies` is false. NULL: the checker makes a text. */
    const char *misuse;
    /* another key of this table; if it is given, this required key may be absent */
    const char *unless;
    uint64_t min, max;          /* inclusive range of a number, in the kind's base unit */
    const char *const *choices; /* for option_choice: NULL-terminated, value = index */
    /* The meaning of an absent key if no default can express it. The unset value is all zero
     * bytes. */
    const char *unset_text;
    const char *help; /* one sentence, no full stop */
};

/* Returns a row by its name, or NULL. */
const struct option *option_find(const struct option *table, const char *name);

/* Writes each default into `base`. Keys without a default stay as they are. */
void option_set_defaults(const struct option *table, void *base);

/* Parses one value into its place in `base`. Returns 0, or -1 with err filled. */
MUST_CHECK int option_parse(
    const struct option *option, const char *text, void *base, struct err *err);

void option_format(const struct option *option, const void *base, char *buf, size_t size);

/* Writes the row's range, choices or form as one phrase for error texts and help: "graceful or
 * plain", "a size such as 512, 64k, 1M or 1G, from 4k to 1G". */
void option_describe(const struct option *option, char *buf, size_t size);

/* The kinds. Numbers use min and max; max 0 means the largest value of the type. */
extern const struct option_kind option_yes_no;              /* bool: yes or no */
extern const struct option_kind option_number;              /* uint64_t: plain decimal */
extern const struct option_kind option_number_or_unlimited; /* uint64_t; `unlimited` = UINT64_MAX */
/* uint64_t: microseconds; a unit is required, except for a plain 0; see units.h. */
extern const struct option_kind option_duration;
/* uint64_t: microseconds; `forever` = UINT64_MAX */
extern const struct option_kind option_duration_or_forever;
extern const struct option_kind option_size;       /* uint64_t: bytes; 512, 64k, 1M, 1G */
extern const struct option_kind option_rate;       /* uint64_t: bytes a second; 1M/s */
extern const struct option_kind option_percentage; /* uint64_t: parts per billion; 25% */
extern const struct option_kind option_choice;     /* int: index into choices */
extern const struct option_kind option_sides;      /* unsigned: client, server, both (side.h) */
extern const struct option_kind option_directions; /* unsigned: upstream, downstream, both */
extern const struct option_kind option_path;       /* char[OPTION_PATH_MAX]: a file name */

extern const struct option_kind option_string; /* struct byte_string: bytes in double quotes */

#define OPTION_PATH_MAX 256

#define BYTE_STRING_MAX 200 /* longer than a line of the file */

struct byte_string {
    unsigned length; /* 0: unset */
    unsigned char bytes[BYTE_STRING_MAX];
};

#endif
