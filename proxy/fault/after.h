/* SPDX-License-Identifier: MIT */
/*
 * The fault that has to fire before another one is armed: `NAME` on the same connection, or
 * `NAME/any` on any connection of the run.
 */
#ifndef RUDEPROXY_FAULT_AFTER_H
#define RUDEPROXY_FAULT_AFTER_H

#include <stdbool.h>

#include "proxy/base/option.h"

#define FAULT_NAME_MAX 128 /* NUL included; the file's names are shorter (config/name.h) */

struct after {
    char name[FAULT_NAME_MAX]; /* "": armed from the start */
    bool any;
};

extern const struct option_kind option_after; /* struct after */

#endif
