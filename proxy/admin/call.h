/* SPDX-License-Identifier: MIT */
/*
 * One call of the API while it is handled: what was asked, what it works on, and the ways to answer.
 * Every handler answers exactly once and returns nothing.
 */
#ifndef RUDEPROXY_ADMIN_CALL_H
#define RUDEPROXY_ADMIN_CALL_H

#include <jansson.h>

#include "proxy/admin/admin.h"
#include "proxy/admin/event_ring.h"
#include "proxy/admin/http/http.h"
#include "proxy/admin/loop_lag.h"
#include "proxy/admin/text.h"

#define CALL_NAMES_MAX 2 /* variables in one path */

#define PAGE_TOKEN_SIZE (2 * 16 + 1) /* 16 random bytes in hex, and a NUL */

struct admin {
    struct admin_context context;
    struct http http;
    struct event_ring events;
    struct loop_lag lag;
    struct poller_task tell; /* tells streams of new events, once a turn */
    struct timer keep_alive; /* tells them when nothing has happened for a while */
    struct address address;
    char token[OPTION_PATH_MAX]; /* "": none is asked for */
    char page_token
        [PAGE_TOKEN_SIZE];        /* of this run; "": the page gets nothing without admin_token */
    bool open;                    /* any Host is let in */
    char hosts[OPTION_HOSTS_MAX]; /* as admin_hosts */
    uint64_t requests;            /* number of the last one, for its id */
    uint64_t boot;                /* random: so that ids of two runs differ */
};

struct call {
    struct admin *admin;
    struct http_request *request;
    char *path;                        /* decoded, cut into segments; owned by the dispatcher */
    const char *names[CALL_NAMES_MAX]; /* the path's variables */
    const char *query;                 /* behind the '?', not decoded; "" if there is none */
};

/* A value of the query, decoded and cut at `size`. False: it is not there. */
bool call_query(const struct call *call, const char *key, char *buf, size_t size);

/* The next pair of a query, decoded; *query goes on behind it. 1; 0: there is none; -1: it is badly encoded,
 * or does not fit. */
int call_query_next(const char **query, char *key, size_t key_size, char *value, size_t value_size);

/* --- Answers ------------------------------------------------------------------------------------ */

/* Takes the text over. A text that failed is answered with a 500. */
void answer_text(const struct call *call, unsigned status, const char *type, struct text *text);
void answer_json_text(const struct call *call, unsigned status, struct text *text);
/* Takes the reference; NULL: out of memory. */
void answer_json(const struct call *call, unsigned status, json_t *value);
void answer_empty(const struct call *call, unsigned status);

/* Toxiproxy's error, with its strange content type; and ours. */
void answer_go_error(const struct call *call, unsigned status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void answer_error(const struct call *call, unsigned status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
