/* SPDX-License-Identifier: MIT */
/*
 * The catalogue of faults. A new type is one file in this folder and one row here. The parser, the
 * checks, the help and the tests over all types use the row.
 */
#include <string.h>

#include "proxy/fault/types.h"

const struct fault_type *const fault_catalogue[] = {
    &fault_close,
    &fault_reset,
    &fault_unread,
    &fault_half_close,
    &fault_hold_fin,
    &fault_shut_rd,
    &fault_vanish,
    &fault_refuse,
    &fault_no_accept,
    &fault_connect_delay,
    &fault_packet_loss,
    &fault_syn_blackhole,
    &fault_latency,
    &fault_bandwidth,
    &fault_slice,
    &fault_stall,
    &fault_blackhole,
    &fault_corrupt,
    &fault_inject,
    &fault_mark,
    &fault_noop,
    &fault_slow_close,
    &fault_timeout,
    &fault_reset_peer,
    &fault_limit_data,
    &fault_slicer,
    &fault_lossy,
    NULL,
};

const char *const fault_group_names[GROUP_COUNT] = {
    [GROUP_ENDING] = "Endings",
    [GROUP_CONNECT] = "Before the connection",
    [GROUP_PACKET] = "Packets",
    [GROUP_FLOW] = "Flow and bytes",
    [GROUP_MARK] = "Marks",
    [GROUP_TOXIC] = "Toxiproxy",
};

const struct fault_type *fault_type_find(const char *name)
{
    for (const struct fault_type *const *type = fault_catalogue; *type != NULL; type++)
        if (strcmp((*type)->name, name) == 0)
            return *type;
    return NULL;
}
