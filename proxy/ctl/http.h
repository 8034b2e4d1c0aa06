/* SPDX-License-Identifier: MIT */
/*
 * One HTTP/1.1 request and its answer on a connected socket (RFC 9112). The connection serves one
 * request: the server is asked to close it. All sizes are bounded.
 */
#ifndef RUDEPROXY_CTL_HTTP_H
#define RUDEPROXY_CTL_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proxy/base/err.h"
#include "proxy/base/must_check.h"

#define HTTP_LINE_MAX 16384u /* limit of a header line; size of the reads of a body */
#define HTTP_HEAD_MAX 65536u /* limit of all lines of a head, or of a trailer */

#define HTTP_ANY_PAUSE UINT32_MAX

struct http_request {
    const char *method;
    const char *target;  /* path and query, encoded */
    const char *host;    /* of the Host header */
    const char *headers; /* further ones, each with its CRLF; NULL: none */
    const char *body;    /* NULL: none, and no Content-Length either */
    size_t body_size;
    /* Seconds. If not 0, a body of status 2xx has no deadline, only a limit for each pause in it;
     * HTTP_ANY_PAUSE: no limit. */
    unsigned pause_s;
};

struct http_answer {
    unsigned status;
    char type[128]; /* the Content-Type; "": none */
    /* Takes the next piece of the body. Returns false to stop, with `err` of http_exchange()
     * set. */
    bool (*take)(struct http_answer *answer, const char *bytes, size_t size, struct err *err);
};

/* `fd` is non-blocking. `deadline_ms` is from socket_deadline(). `status` and `type` are set before
 * the first piece. Returns 0 when the answer is complete, or -1 with err filled, also if the
 * deadline has passed. */
MUST_CHECK int http_exchange(int fd, const struct http_request *request, int64_t deadline_ms,
    struct http_answer *answer, struct err *err);

#endif
