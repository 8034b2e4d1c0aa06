/* SPDX-License-Identifier: MIT */
/* The types of fault, one file each, for the table in catalogue.c and for nobody else. */
#ifndef RUDEPROXY_FAULT_TYPES_H
#define RUDEPROXY_FAULT_TYPES_H

#include "proxy/fault/fault.h"

extern const struct fault_type fault_close;
extern const struct fault_type fault_reset;
extern const struct fault_type fault_unread;
extern const struct fault_type fault_half_close;
extern const struct fault_type fault_hold_fin;
extern const struct fault_type fault_shut_rd;

/* Closes a table of option rows. */
#define OPTIONS_END                                                                                \
    {                                                                                              \
        .name = NULL                                                                               \
    }

/* In every type with parameters: they fit where a fault keeps them. */
#define CHECK_PARAMS(type) _Static_assert(sizeof(type) <= FAULT_PARAMS_MAX, "parameters too large")

#endif
