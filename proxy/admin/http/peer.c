/* SPDX-License-Identifier: MIT */
#include "proxy/admin/http/peer.h"

#include <microhttpd.h>

#include "proxy/net/timers.h"

struct http_peer *http_peer_of(struct MHD_Connection *connection)
{
    return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

void http_peer_enter(struct http_peer *peer, enum http_phase phase, uint64_t bound_us)
{
    peer->phase = phase;
    peer->deadline = time_add(timers_now(), bound_us);
}
