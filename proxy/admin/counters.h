/* SPDX-License-Identifier: MIT */
/* The bytes that the sockets of an open connection have moved so far. Their records get these
 * numbers only at the end. */
#ifndef RUDEPROXY_ADMIN_COUNTERS_H
#define RUDEPROXY_ADMIN_COUNTERS_H

#include "proxy/relay/session.h"

static inline uint64_t counters_bytes_in(const struct session *session, enum side side)
{
    const struct session_side *socket = &session->side[side];
    return socket->ep != NULL ? flow_read_count(&session->flow[side]) : socket->record.bytes_in;
}

static inline uint64_t counters_bytes_out(const struct session *session, enum side side)
{
    const struct session_side *socket = &session->side[side];
    const struct flow *towards = &session->flow[!side];
    return socket->ep != NULL ? flow_forwarded(towards) + towards->inserted
                              : socket->record.bytes_out;
}

#endif
