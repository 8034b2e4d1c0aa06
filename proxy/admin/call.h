/* SPDX-License-Identifier: MIT */
/*
 * One call of the API while it is handled: the request, the objects it works on, and the ways to
 * answer. Every handler answers exactly once and returns nothing.
 */
#ifndef RUDEPROXY_ADMIN_CALL_H
#define RUDEPROXY_ADMIN_CALL_H

#include <jansson.h>

#include "proxy/admin/admin.h"
#include "proxy/admin/event_ring.h"
#include "proxy/admin/http/http.h"
#include "proxy/admin/loop_lag.h"
#include "proxy/admin/text.h"

#define CALL_NAMES_MAX 2 /* limit of variables in one path */

#define PAGE_TOKEN_SIZE (2 * 16 + 1) /* 16 random bytes in hex, and a NUL */

struct admin {
    struct admin_context context;
    struct http http;
    struct event_ring events;
    struct loop_lag lag;
    struct poller_task wake_streams; /* wakes streams for new events, once a turn */
    struct timer keep_alive;         /* wakes them if nothing has happened for a while */
    struct resolver_watcher names;   /* resumes the requests that wait for a name */
    struct address address;
    char token[OPTION_PATH_MAX];      /* "": not required */
    char page_token[PAGE_TOKEN_SIZE]; /* of this run; "": the page needs the admin_token */
    bool open;                        /* any Host is accepted */
    char hosts[OPTION_HOSTS_MAX];     /* as admin_hosts */
    uint64_t requests;                /* number of the last request, for its id */
    uint64_t boot;                    /* random, so that ids of two runs differ */
};

struct call {
    struct admin *admin;
    struct http_request *request;
    char *path;                        /* decoded, cut into segments; owned by the dispatcher */
    const char *names[CALL_NAMES_MAX]; /* the path's variables */
    const char *query;                 /* the part after '?', not decoded; "" if there is none */
};

/* Decodes a value of the query, truncated at `size`. Returns false if it is absent. */
bool call_query(const struct call *call, const char *key, char *buf, size_t size);

/* Decodes the next pair of a query and moves *query behind it. Returns 1; 0 at the end; -1 if the
 * pair is badly encoded or does not fit. */
int call_query_next(const char **query, char *key, size_t key_size, char *value, size_t value_size);

/* --- Answers --- */

/* Sends the text and takes it over. A text that ran out of memory becomes a 500. */
void answer_text(const struct call *call, unsigned status, const char *type, struct text *text);
void answer_json_text(const struct call *call, unsigned status, struct text *text);
void answer_empty(const struct call *call, unsigned status);

/* Send an error: Toxiproxy's, with its unusual content type; and rudeproxy's. */
void answer_go_error(const struct call *call, unsigned status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void answer_error(const struct call *call, unsigned status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
