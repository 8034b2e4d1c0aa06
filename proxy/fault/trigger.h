/* SPDX-License-Identifier: MIT */
/*
 * When a fault fires. A trigger is a plain value; relay/ watches for it. Each kind is a row of the
 * table in trigger.c (see trigger_row.h).
 */
#ifndef RUDEPROXY_FAULT_TRIGGER_H
#define RUDEPROXY_FAULT_TRIGGER_H

#include <stdbool.h>
#include <stdint.h>

#include "proxy/base/must_check.h"
#include "proxy/base/option.h"

enum trigger_kind {
    TRIGGER_OPEN,   /* the upstream is connected */
    TRIGGER_ACCEPT, /* a client was accepted, and the upstream is not dialled yet */
    TRIGGER_BYTES,  /* exactly `value` bytes of the direction were forwarded */
    TRIGGER_TIME,   /* `value` microseconds after open */
    TRIGGER_EOF,    /* a FIN arrived in the direction, and every byte before it was forwarded */
    /* The `nth` occurrence of `pattern` in the direction, plus `plus` bytes. `edge` selects its
     * end. */
    TRIGGER_MATCH,
    TRIGGER_MESSAGE, /* the `nth` message of the direction (of the kind `word`), or a point in it */
    TRIGGER_IDLE,    /* no byte in either direction for `value` microseconds */
    TRIGGER_RUN,     /* `value` microseconds after the start of the run, on an open connection */
    TRIGGER_NEVER,   /* for `until` only */
    TRIGGER_KIND_COUNT,
};

#define TRIGGER_PATTERN_MAX 200 /* longer than a line of the file */
#define TRIGGER_WORD_MAX 40     /* size of the name of a message kind, with its NUL */

/* The edge of a match or a message that counts: behind its last byte, or before its first. */
enum trigger_edge { EDGE_AFTER, EDGE_BEFORE };

struct trigger {
    enum trigger_kind kind;
    uint64_t value; /* bytes or microseconds; 0 for the others */
    uint64_t nth;   /* counts matches, which do not overlap, or messages; from 1 */
    /* TRIGGER_MATCH: bytes behind the end of the match. TRIGGER_MESSAGE: bytes behind its start, 0:
     * none given. */
    uint64_t plus;
    uint64_t minus;              /* TRIGGER_MESSAGE: bytes before its end, 0: none given */
    bool every;                  /* TRIGGER_MESSAGE: every nth one */
    char word[TRIGGER_WORD_MAX]; /* TRIGGER_MESSAGE: a kind of message, or a part; "": neither */
    uint64_t chunk;              /* TRIGGER_MESSAGE, word "chunk": its number, from 1 */
    int edge;                    /* enum trigger_edge, for a match or a message; the key `edge` */
    unsigned pattern_len;        /* 1..TRIGGER_PATTERN_MAX, TRIGGER_MATCH */
    unsigned char pattern[TRIGGER_PATTERN_MAX];
};

/* Whether the trigger watches the bytes of a direction, so that `direction` applies. */
bool trigger_watches_direction(enum trigger_kind kind);

/* Whether the key `edge` applies. */
bool trigger_has_edge(enum trigger_kind kind);

/* Whether the clock decides at which byte it fires, so that a second run may fire elsewhere. */
bool trigger_is_timed(enum trigger_kind kind);

/* Checks a trigger whose `edge` is set. Returns 0, or -1 with err filled. */
MUST_CHECK int trigger_check(const struct trigger *trigger, struct err *err);

/* Describes when the trigger fires: "after the 2nd match of "COMMIT" from the client".
 * `directions`: the set that it watches. `has_parts`: messages there have parts, so `body` is not a
 * kind. Truncates at `size`. */
void trigger_describe(
    const struct trigger *trigger, unsigned directions, bool has_parts, char *buf, size_t size);

/* Whether the word of a message trigger may name a part of a message (body, chunk, trailer). In a
 * protocol whose messages have no parts, it names a kind. */
bool trigger_is_part(const char *word);

/* Returns "2nd" for 2. `buf` holds 24 bytes. */
const char *trigger_ordinal(uint64_t number, char buf[24]);

bool trigger_equal(const struct trigger *a, const struct trigger *b);

extern const struct option_kind option_trigger; /* struct trigger, all but TRIGGER_NEVER */
extern const struct option_kind option_until;   /* struct trigger, all but open and accept */

#endif
