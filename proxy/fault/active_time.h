/* SPDX-License-Identifier: MIT */
/*
 * The time in which a fault may act, counted from the start of the run: `10s-30s`, `10s-` (open
 * end).
 */
#ifndef RUDEPROXY_FAULT_ACTIVE_TIME_H
#define RUDEPROXY_FAULT_ACTIVE_TIME_H

#include <stdbool.h>

#include "proxy/base/clock.h"
#include "proxy/base/option.h"

struct active_time {
    time_us from; /* since the start of the run */
    time_us to;   /* exclusive; TIME_NEVER: open end. 0 and TIME_NEVER: always */
};

static inline bool active_time_has(const struct active_time *active, time_us since_start)
{
    return since_start >= active->from && since_start < active->to;
}

extern const struct option_kind
    option_active_time; /* struct active_time; `always` is 0 to TIME_NEVER */

#endif
