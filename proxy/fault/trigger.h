/* SPDX-License-Identifier: MIT */
/*
 * When a fault fires. A trigger is a value; relay/ watches for it.
 */
#ifndef RUDEPROXY_FAULT_TRIGGER_H
#define RUDEPROXY_FAULT_TRIGGER_H

#include <stdbool.h>
#include <stdint.h>

#include "proxy/base/option.h"

enum trigger_kind {
    TRIGGER_OPEN,   /* the upstream connection stands */
    TRIGGER_ACCEPT, /* a client was accepted, nothing was dialled yet */
    TRIGGER_BYTES,  /* exactly `value` bytes of the direction were handed to the far socket */
    TRIGGER_TIME,   /* `value` microseconds after open */
    TRIGGER_EOF,    /* a FIN arrived in the direction and every byte before it was handed on */
    TRIGGER_MATCH,  /* `pattern` went by in the direction; `edge` says which end of it counts */
    TRIGGER_IDLE,   /* no byte in either direction for `value` microseconds */
    TRIGGER_NEVER,  /* of `until` only */
};

#define TRIGGER_PATTERN_MAX 200 /* longer than a line of the file */

/* Where a match counts: once it went by, or before its first byte goes. */
enum trigger_edge { EDGE_AFTER, EDGE_BEFORE };

struct trigger {
    enum trigger_kind kind;
    uint64_t value;       /* bytes or microseconds; 0 for the others */
    int edge;             /* enum trigger_edge, TRIGGER_MATCH; the key `edge` of the envelope */
    unsigned pattern_len; /* 1..TRIGGER_PATTERN_MAX, TRIGGER_MATCH */
    unsigned char pattern[TRIGGER_PATTERN_MAX];
};

/* Whether the trigger looks at the bytes of a direction, so that `direction` means something. */
bool trigger_watches_direction(enum trigger_kind kind);

extern const struct option_kind option_trigger; /* struct trigger, any but TRIGGER_NEVER */
extern const struct option_kind option_until;   /* struct trigger, any but open and accept */

#endif
