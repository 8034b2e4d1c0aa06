/* SPDX-License-Identifier: MIT */
/* The types of faults, one file each. Private to catalogue.c. */
#ifndef RUDEPROXY_FAULT_TYPES_H
#define RUDEPROXY_FAULT_TYPES_H

#include "proxy/fault/fault.h"

extern const struct fault_type fault_close;
extern const struct fault_type fault_reset;
extern const struct fault_type fault_unread;
extern const struct fault_type fault_half_close;
extern const struct fault_type fault_hold_fin;
extern const struct fault_type fault_shut_rd;
extern const struct fault_type fault_vanish;
extern const struct fault_type fault_refuse;
extern const struct fault_type fault_no_accept;
extern const struct fault_type fault_connect_delay;
extern const struct fault_type fault_packet_loss;
extern const struct fault_type fault_syn_blackhole;
extern const struct fault_type fault_latency;
extern const struct fault_type fault_bandwidth;
extern const struct fault_type fault_slice;
extern const struct fault_type fault_stall;
extern const struct fault_type fault_blackhole;
extern const struct fault_type fault_corrupt;
extern const struct fault_type fault_inject;
extern const struct fault_type fault_mark;
extern const struct fault_type fault_noop;
extern const struct fault_type fault_slow_close;
extern const struct fault_type fault_timeout;
extern const struct fault_type fault_reset_peer;
extern const struct fault_type fault_limit_data;
extern const struct fault_type fault_slicer;
extern const struct fault_type fault_lossy;

/* Ends a table of option rows. */
#define OPTIONS_END                                                                                \
    {                                                                                              \
        .name = NULL                                                                               \
    }

/* Used by every type with parameters or shaping state: checks that they fit into a fault. */
#define CHECK_PARAMS(type) _Static_assert(sizeof(type) <= FAULT_PARAMS_MAX, "parameters too large")
#define CHECK_STATE(type) _Static_assert(sizeof(type) <= FAULT_STATE_MAX, "state too large")

#endif
