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
};

struct trigger {
    enum trigger_kind kind;
    uint64_t value; /* bytes or microseconds; 0 for the others */
};

/* Whether the trigger looks at the bytes of a direction, so that `direction` means something. */
bool trigger_watches_direction(enum trigger_kind kind);

extern const struct option_kind option_trigger; /* struct trigger */

#endif
