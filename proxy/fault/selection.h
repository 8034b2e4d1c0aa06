/* SPDX-License-Identifier: MIT */
/*
 * Connections of a proxy for which a fault is selected: `2`, `1-3`, `5-`, `every:3`, and lists of
 * them.
 */
#ifndef RUDEPROXY_FAULT_SELECTION_H
#define RUDEPROXY_FAULT_SELECTION_H

#include <stdbool.h>
#include <stdint.h>

#include "proxy/base/option.h"

#define SELECTION_TERMS_MAX 32 /* as many as fit in one line of the file */

struct selection_term {
    uint64_t first; /* first number selected, from 1 */
    uint64_t last;  /* last number, UINT64_MAX: open end */
    uint64_t step;  /* selects every step-th from `first`; `every:3` is 3, 6, 9... */
};

struct selection {
    unsigned count; /* 0: all connections */
    struct selection_term terms[SELECTION_TERMS_MAX];
};

bool selection_has(const struct selection *selection, uint64_t connection);

extern const struct option_kind option_selection; /* struct selection */

#endif
