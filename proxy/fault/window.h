/* SPDX-License-Identifier: MIT */
/*
 * The time in which a fault may act, counted from the start of the run: `10s-30s`, `10s-` (open
 * end).
 */
#ifndef RUDEPROXY_FAULT_WINDOW_H
#define RUDEPROXY_FAULT_WINDOW_H

#include <stdbool.h>

#include "proxy/base/clock.h"
#include "proxy/base/option.h"

struct window {
    time_us from; /* since the start of the run */
    time_us to;   /* exclusive; TIME_NEVER: open end. 0 and TIME_NEVER: always */
};

static inline bool window_has(const struct window *window, time_us since_start)
{
    return since_start >= window->from && since_start < window->to;
}

extern const struct option_kind option_window; /* struct window; `always` is 0 to TIME_NEVER */

#endif
