/* SPDX-License-Identifier: MIT */
/*
 * When a fault fires. A trigger is a value; relay/ watches for it. Each kind is a row of the table in
 * trigger.c (see trigger_row.h).
 */
#ifndef RUDEPROXY_FAULT_TRIGGER_H
#define RUDEPROXY_FAULT_TRIGGER_H

#include <stdbool.h>
#include <stdint.h>

#include "proxy/base/must_check.h"
#include "proxy/base/option.h"

enum trigger_kind {
    TRIGGER_OPEN,    /* the upstream connection stands */
    TRIGGER_ACCEPT,  /* a client was accepted, nothing was dialled yet */
    TRIGGER_BYTES,   /* exactly `value` bytes of the direction were forwarded */
    TRIGGER_TIME,    /* `value` microseconds after open */
    TRIGGER_EOF,     /* a FIN arrived in the direction and every byte before it was forwarded */
    TRIGGER_MATCH,   /* the `nth` occurrence of `pattern` in the direction, and `plus` bytes more;
                       `edge` says which end of it counts */
    TRIGGER_MESSAGE, /* the `nth` message of the direction (of the kind `word`), or a point in it */
    TRIGGER_IDLE,    /* no byte in either direction for `value` microseconds */
    TRIGGER_RUN,   /* `value` microseconds after the start of the run, if the connection is open */
    TRIGGER_NEVER, /* of `until` only */
    TRIGGER_KIND_COUNT,
};

#define TRIGGER_PATTERN_MAX 200 /* longer than a line of the file */
#define TRIGGER_WORD_MAX 40     /* of a kind of message, with its NUL */

/* Where a match or a message counts: behind its last byte, or before its first one. */
enum trigger_edge { EDGE_AFTER, EDGE_BEFORE };

struct trigger {
    enum trigger_kind kind;
    uint64_t value; /* bytes or microseconds; 0 for the others */
    uint64_t nth;   /* of matches, which do not overlap, and of messages; from 1 */
    uint64_t plus;  /* TRIGGER_MATCH: bytes behind the end of the match; TRIGGER_MESSAGE: bytes
                             behind its beginning, 0: none are given */
    uint64_t minus; /* TRIGGER_MESSAGE: bytes before its end, 0: none are given */
    bool every;     /* TRIGGER_MESSAGE: each nth one */
    char word[TRIGGER_WORD_MAX]; /* TRIGGER_MESSAGE: a kind of message, or a part; "": neither */
    uint64_t chunk;              /* TRIGGER_MESSAGE, word "chunk": its number, from 1 */
    int edge;                    /* enum trigger_edge, of a match or a message; the key `edge` */
    unsigned pattern_len;        /* 1..TRIGGER_PATTERN_MAX, TRIGGER_MATCH */
    unsigned char pattern[TRIGGER_PATTERN_MAX];
};

/* Whether the trigger looks at the bytes of a direction, so that a direction means something. */
bool trigger_watches_direction(enum trigger_kind kind);

/* Whether the key `edge` means something to it. */
bool trigger_has_edge(enum trigger_kind kind);

/* Whether the clock decides at which byte it fires, so that a run does not repeat it by itself. */
bool trigger_is_timed(enum trigger_kind kind);

/* Checks a trigger whose `edge` is known. 0, or -1 with err filled. */
MUST_CHECK int trigger_check(const struct trigger *trigger, struct err *err);

/* When it fires, in words: "after the 2nd match of "COMMIT" from the client". `directions`: the set
 * that it watches. Cuts at `size`. */
void trigger_describe(const struct trigger *trigger, unsigned directions, char *buf, size_t size);

/* Whether the word of a message trigger may be a part of a message and no kind: body, chunk, trailer. In a
 * protocol whose messages have no parts, it is a kind. */
bool trigger_is_part(const char *word);

/* "2nd". `buf` holds 24 bytes. */
const char *trigger_ordinal(uint64_t number, char buf[24]);

bool trigger_equal(const struct trigger *a, const struct trigger *b);

extern const struct option_kind option_trigger; /* struct trigger, any but TRIGGER_NEVER */
extern const struct option_kind option_until;   /* struct trigger, any but open and accept */

#endif
