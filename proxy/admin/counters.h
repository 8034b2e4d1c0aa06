/* SPDX-License-Identifier: MIT */
/* The bytes that the sockets of an open connection have moved so far. Their records get these
 * numbers only at the end. */
#ifndef RUDEPROXY_ADMIN_COUNTERS_H
#define RUDEPROXY_ADMIN_COUNTERS_H

#include "proxy/net/proxy.h"

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

/* Sums over open connections. */
struct counters {
    uint64_t open;
    uint64_t received[2], sent[2]; /* bytes, by enum direction */
};

/* Adds the open connections of a proxy. Those that have ended are in the ledger. */
static inline void counters_add_open(struct counters *sums, const struct proxy *proxy)
{
    list_for_each(link, &proxy->connections)
    {
        const struct session *session = &container_of(link, struct connection, link)->session;
        if (session_is_gone(session))
            continue;
        sums->open++;
        sums->received[DIRECTION_UPSTREAM] += counters_bytes_in(session, SIDE_CLIENT);
        sums->received[DIRECTION_DOWNSTREAM] += counters_bytes_in(session, SIDE_SERVER);
        sums->sent[DIRECTION_UPSTREAM] += counters_bytes_out(session, SIDE_SERVER);
        sums->sent[DIRECTION_DOWNSTREAM] += counters_bytes_out(session, SIDE_CLIENT);
    }
}

#endif
