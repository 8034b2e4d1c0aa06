/* SPDX-License-Identifier: MIT */
/*
 * A client of the HTTP API: one call at a time, each on a connection of its own. It follows no
 * redirects (3xx is an error), never retries, ignores the environment's proxy settings and does not
 * support TLS.
 *
 * Life: client_open, calls, client_close. Errors are printed on stderr where they are found.
 */
#ifndef RUDEPROXY_CTL_CLIENT_H
#define RUDEPROXY_CTL_CLIENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "proxy/base/address.h"
#include "proxy/base/must_check.h"

#define CLIENT_CONNECT_S 10u
#define CLIENT_CALL_S 60u        /* for a whole answer: twice the server's limit to begin one */
#define CLIENT_ANSWER_MAX_MB 64u /* limit of one answer; a list of 10,000 toxics is 1 MB */

/* A path of the API, with its names and values encoded. */
struct path {
    char text[8192]; /* NUL-terminated */
    size_t used;
    bool cut; /* some text did not fit */
    bool query;
};

/* `literal` is copied unchanged; names and values are encoded. */
void path_begin(struct path *path, const char *literal);
void path_add(struct path *path, const char *literal);
void path_add_name(struct path *path, const char *name); /* with the slash before it */
void path_add_query(struct path *path, const char *key, const char *value);

struct client {
    const char *url;     /* as given, for messages */
    const char *failure; /* text before an error, as in toxiproxy-cli; NULL: none */
    struct address address;
    char host[ADDRESS_TEXT_MAX]; /* of the Host header */
    char *base;                  /* the path of the URL, without a slash at its end; owned */
    char headers[1280];          /* headers of every request */
};

struct answer {
    char *bytes; /* owned; NUL-terminated; NULL: none */
    size_t size;
};

/* Takes an answer piece by piece. Returns false to stop, with `err` set. */
struct client_sink {
    bool (*take)(struct client_sink *sink, const char *bytes, size_t size, struct err *err);
};

/* Prints a line like printf, without control characters that a server sends to the terminal. */
void client_print(FILE *out, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* If stdout is a terminal, makes text of a server harmless for it (utf8_disarm). Tabs and newlines
 * stay. A NUL must follow the `size` bytes, and may be among them. */
void client_disarm(char *text, size_t size);

/* `url`: "http://host:port", "host:port" or "unix:/path". `token` NULL: none. Both must outlive the
 * client. Returns 0 or -1. */
MUST_CHECK int client_open(struct client *client, const char *url, const char *token);
void client_close(struct client *client);

/* `body` NULL: none. Returns 0, and the caller frees the answer; or -1. */
int client_call(struct client *client, const char *method, const struct path *path,
    const json_t *body, struct answer *answer);
void answer_free(struct answer *answer);

/* GETs an answer piece by piece. Its head may take CLIENT_CALL_S seconds. `pause_s`: see struct
 * http_request. Returns 0 when the answer ended, or -1. */
int client_stream(
    struct client *client, const struct path *path, unsigned pause_s, struct client_sink *sink);

#endif
