/* SPDX-License-Identifier: MIT */
/* One answer of an HTTP server, read as it stands on the wire. */
#ifndef RUDEPROXY_TESTS_HTTP_ANSWER_H
#define RUDEPROXY_TESTS_HTTP_ANSWER_H

#include <stdbool.h>
#include <stddef.h>

#define HTTP_ANSWER_MAX 65536

struct http_answer {
    int status;                 /* 0: none */
    bool ended;                 /* the connection did, before the answer was whole */
    char text[HTTP_ANSWER_MAX]; /* head and body, with a NUL behind them */
    size_t size;
};

/* Reads one answer, up to its Content-Length, or up to the end of the connection, or until nothing
 * has come for `deadline_ms`. */
void http_answer_read(int fd, struct http_answer *answer, int deadline_ms);

#endif
