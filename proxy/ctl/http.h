/* SPDX-License-Identifier: MIT */
/*
 * One request of HTTP/1.1 and its answer on a connected socket (RFC 9112). The connection serves one
 * request: the server is asked to close it. Everything that is read is bounded.
 */
#ifndef RUDEPROXY_CTL_HTTP_H
#define RUDEPROXY_CTL_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proxy/base/err.h"
#include "proxy/base/must_check.h"

#define HTTP_LINE_MAX 16384u /* a line of the head; the block that a body is read by */
#define HTTP_HEAD_MAX 65536u /* all lines of a head, and of those behind a chunked body */

struct http_request {
    const char *method;
    const char *target;  /* path and query, encoded */
    const char *host;    /* of the Host header */
    const char *headers; /* further ones, each with its CRLF; NULL: none */
    const char *body;    /* NULL: none, and no Content-Length either */
    size_t body_size;
};

struct http_answer {
    unsigned status;
    char type[128]; /* the Content-Type; "": none */
    /* Takes the next piece of the body. False stops: `err` of http_exchange() is for it to set. */
    bool (*take)(struct http_answer *answer, const char *bytes, size_t size, struct err *err);
};

/* `fd` is non-blocking. `status` and `type` are set before the first piece is taken. Returns 0 when the
 * answer is complete, or -1. */
MUST_CHECK int http_exchange(int fd, const struct http_request *request, int64_t deadline_ms,
    struct http_answer *answer, struct err *err);

#endif
