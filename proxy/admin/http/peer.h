/* SPDX-License-Identifier: MIT */
/* One client's connection to the HTTP server: how long it may still take. */
#ifndef RUDEPROXY_ADMIN_HTTP_PEER_H
#define RUDEPROXY_ADMIN_HTTP_PEER_H

#include "proxy/admin/http/http.h"
#include "proxy/net/poller.h"

enum http_phase {
    HTTP_READING,   /* a request, or what precedes the first one */
    HTTP_WORKING,   /* a whole request waits for its turn */
    HTTP_ANSWERING, /* the answer is on its way; a stream has no end */
    HTTP_IDLE,      /* between two requests */
};

struct http_peer {
    struct list link; /* in http->peers */
    struct MHD_Connection *connection;
    enum http_phase phase;
    time_us deadline;         /* TIME_NEVER: none */
    struct poller_item bytes; /* watches its socket, beside libmicrohttpd */
    struct poller_task gone;  /* frees it, behind the events of a turn */
};

struct http_peer *http_peer_of(struct MHD_Connection *connection);

/* Enters the next phase of a connection, which may last `bound_us`. */
void http_peer_enter(struct http_peer *peer, enum http_phase phase, uint64_t bound_us);

#endif
