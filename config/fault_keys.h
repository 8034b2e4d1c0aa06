/* SPDX-License-Identifier: MIT */
/*
 * The common keys of a fault: the places of their rows in fault_options (config.h), and whether a
 * key applies.
 */
#ifndef RUDEPROXY_CONFIG_FAULT_KEYS_H
#define RUDEPROXY_CONFIG_FAULT_KEYS_H

#include "proxy/base/must_check.h"
#include "proxy/base/option.h"
#include "proxy/fault/fault.h"

/* Rows of fault_options. */
enum {
    ROW_PROXY,
    ROW_TYPE,
    ROW_DIRECTION,
    ROW_SIDE,
    ROW_OTHER,
    ROW_WHEN,
    ROW_WHEN_DIRECTION,
    ROW_AFTER,
    ROW_TRIGGER_DELAY,
    ROW_UNTIL,
    ROW_EDGE,
    ROW_MATCH_HOLD,
    ROW_CONNECTIONS,
    ROW_CONCURRENT,
    ROW_TIMES,
    ROW_CHANCE,
    ROW_CLIENTS,
    ROW_DESTINATIONS,
    ROW_SNI,
    ROW_ACTIVE,
    ROW_MUST_FIRE,
    ROW_ENABLED,
    ROW_COUNT,
};

/* The column `needs` of these rows: properties that the type must have. */
enum {
    OF_CONNECTIONS = 1 << 0, /* acts on connections, not on the listening socket */
    HAS_TRIGGER = 1 << 1,    /* `when` is its own choice, not always `accept` */
    HAS_SIDE = 1 << 2,       /* happens to sockets, not to directions */
    HAS_OTHER = 1 << 3,      /* may end a connection on one side */
    LASTS = 1 << 4,
};

/* Whether a key applies to some faults of a type. `row` is in fault_options. */
bool fault_key_suits(const struct option *row, const struct fault_type *type);

/* Whether a key applies to a fault, given its other keys. `row` is in fault_options. */
bool fault_key_applies(const struct option *row, const struct fault *fault);

/* Fills `err` with the reason why a key does not suit a type. Returns -1. */
MUST_CHECK int fault_key_report_need(
    const struct option *row, const struct fault_type *type, struct err *err);

#endif
