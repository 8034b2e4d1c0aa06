/* SPDX-License-Identifier: MIT */
/*
 * A client of the HTTP API: one connection that is kept, one call after another. What goes wrong
 * fails the running test.
 *
 * Life: api_open(), calls, api_close().
 */
#ifndef RUDEPROXY_TESTS_API_CLIENT_H
#define RUDEPROXY_TESTS_API_CLIENT_H

#include <stddef.h>

struct api {
    int fd;
    char *answer;    /* the body of the last answer, ends in a NUL; owned */
    size_t size;     /* of that body */
    size_t capacity; /* of `answer`, which holds the head as well while it is read */
};

/* `address` is "127.0.0.1:8474". */
void api_open(struct api *api, const char *address);
void api_close(struct api *api);

/* Sends a request. Returns the status of the answer. `body` NULL: none. */
int api_call(struct api *api, const char *method, const char *path, const char *body);

/* Sends a request and expects this status. */
void api_must(struct api *api, int status, const char *method, const char *path, const char *body);

#endif
