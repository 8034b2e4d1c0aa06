/* SPDX-License-Identifier: MIT */
/*
 * A client of the HTTP API, on libcurl: one call at a time, nothing is followed or tried again, and
 * no proxy of the environment stands in between.
 *
 * Life: client_open, calls, client_close. What goes wrong is said on stderr where it is found.
 */
#ifndef RUDEPROXY_CTL_CLIENT_H
#define RUDEPROXY_CTL_CLIENT_H

#include <curl/curl.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#define CLIENT_CONNECT_S 10L
#define CLIENT_CALL_S 60L            /* twice what a server may take to answer */
#define CLIENT_ANSWER_MAX (1u << 28) /* a list of 10,000 toxics is 1 MB */

/* A path of the API, with what stands in it encoded. */
struct path {
    char text[8192]; /* NUL-terminated */
    size_t used;
    bool cut; /* something did not fit */
    bool query;
};

/* `literal` is put there as it is; names and values are encoded. */
void path_begin(struct path *path, const char *literal);
void path_add(struct path *path, const char *literal);
void path_add_name(struct path *path, const char *name); /* with the slash before it */
void path_add_query(struct path *path, const char *key, const char *value);

struct client {
    CURL *curl;
    struct curl_slist *headers;
    const char *url; /* as it was given, for messages */
    char *base;      /* without a path */
    char error[CURL_ERROR_SIZE];
};

struct answer {
    char *bytes; /* owned; NUL-terminated; NULL: none */
    size_t size;
};

/* Takes what comes, piece by piece. False: stop. */
struct client_sink {
    bool (*take)(struct client_sink *sink, const char *bytes, size_t size);
};

/* `url`: "http://host:port", "host:port" or "unix:/path". `token` NULL: none. Both have to live as
 * long as the client. 0, or -1. */
int client_open(struct client *client, const char *url, const char *token);
void client_close(struct client *client);

/* `body` NULL: none. 0, and the answer is the caller's to free; -1. */
int client_call(struct client *client, const char *method, const struct path *path,
    const json_t *body, struct answer *answer);
void answer_free(struct answer *answer);

/* GETs what has no known end. 0 when it ended, -1. */
int client_stream(struct client *client, const struct path *path, struct client_sink *sink);

#endif
