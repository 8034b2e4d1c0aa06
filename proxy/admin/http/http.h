/* SPDX-License-Identifier: MIT */
/*
 * An HTTP server in the worker's loop: libmicrohttpd without a thread of its own; its epoll
 * instance is one descriptor of the worker's. It does not interpret requests: each whole request
 * goes to the owner, who answers it at once or postpones it (http_postpone).
 *
 * Life: http_open, http_close; not from inside one of its calls.
 *
 * For a request: on_head (it may be answered there, then its body is dropped), then on_request
 * unless it was answered. A request, and everything the calls below return for it, is valid until
 * the answer has been sent or the client is gone.
 */
#ifndef RUDEPROXY_ADMIN_HTTP_HTTP_H
#define RUDEPROXY_ADMIN_HTTP_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "config/config.h"
#include "proxy/base/err.h"
#include "proxy/base/must_check.h"
#include "proxy/net/listener.h"
#include "proxy/net/poller.h"
#include "proxy/net/timers.h"

/* Limits: Toxiproxy's, if it has one. */
#define HTTP_READ_US (15 * US_PER_S)  /* from the first byte of a request to its last */
#define HTTP_WRITE_US (30 * US_PER_S) /* for an answer */
#define HTTP_IDLE_US (60 * US_PER_S)  /* between two requests */
#define HTTP_BODY_MAX (1u << 20)      /* a thousand proxies in one /populate are 100 kB */
/* read from a body that is too large, so that the 413 arrives */
#define HTTP_DROP_MAX (64u << 20)
#define HTTP_CONNECTIONS_MAX 1024 /* more wait to be accepted */

/* Memory of a connection in libmicrohttpd: limits the head of a request (431 or 414 beyond it). */
#define HTTP_CONNECTION_MEMORY (32u * 1024u)

/* Time in one turn of the loop for answering requests: many requests delay the data path at most by
 * this, plus the longest request. */
#define HTTP_TURN_US (2 * US_PER_MS)

struct MHD_Connection;
struct MHD_Daemon;
struct MHD_Response;
struct http;

/* An answer without a known end. */
struct http_stream_calls {
    /* Writes up to `size` bytes to `out`. Returns their number; 0: none now, ask again after
     * http_wake_streams; -1: the end. */
    ssize_t (*read)(void *stream, char *out, size_t size);
    void (*free)(void *stream);
};

struct http_request {
    struct http *http;
    struct MHD_Connection *connection; /* NULL: its head is not complete yet */
    char *target;                      /* path and query as sent; owned */
    const char *sent_target;           /* the same in libmicrohttpd's buffer */
    const char *method;
    char *body; /* owned; NULL if there is none; a NUL follows */
    size_t body_size, body_capacity;
    size_t dropped;                /* number of body bytes that were dropped */
    struct MHD_Response *response; /* NULL: not answered yet; owned until it is queued */
    unsigned status;
    const struct http_stream_calls *stream_calls; /* for an answer that is a stream */
    void *stream;
    bool asleep;             /* the stream has no data, and libmicrohttpd does not ask */
    bool waiting;            /* queued in `queue` or `postponed` */
    uint64_t subject;        /* the owner's: what a postponed request is about; 0: nothing */
    struct list queue_link;  /* in http->queue or http->postponed */
    struct list stream_link; /* in http->streams */
};

struct http_calls {
    void (*on_head)(void *user, struct http_request *request);
    void (*on_request)(void *user, struct http_request *request);
};

struct http {
    const struct http_calls *calls;
    void *user;
    struct poller *poller;
    struct timers *timers;
    struct listener listener;
    struct MHD_Daemon *daemon;
    int epoll_fd;             /* the daemon's */
    struct poller_item ready; /* watches epoll_fd */
    struct poller_task run;   /* runs the daemon, behind the events of a turn */
    struct timer timer;       /* when the daemon has to run even if no socket is ready */
    struct timer sweep;       /* checks deadlines of connections */
    struct list peers;        /* of struct http_peer */
    struct list queue;        /* requests that wait for their turn */
    struct list postponed;    /* requests that wait for http_resume_postponed() */
    struct list streams;
    struct poller_task turn; /* continues with the queue */
    time_us turn_ends;       /* end of the current turn */
    size_t peer_count, peer_max;
    size_t fresh_count; /* sockets that the daemon has not processed yet */
    bool closing;
};

/* Listens at `address`; `resolver` knows its host name already. Returns 0, or -1 with err filled
 * and nothing to close. */
MUST_CHECK int http_open(struct http *http, struct poller *poller, struct timers *timers,
    struct resolver *resolver, const struct address *address, const struct http_calls *calls,
    void *user, struct err *err);
void http_close(struct http *http);

/* Returns the value of a header, or NULL if it was not sent. Ignores the case of `name`. */
const char *http_header(const struct http_request *request, const char *name);

/* Returns how often a header was sent. */
size_t http_header_count(const struct http_request *request, const char *name);

/* Answers; once for each request. `body` is from malloc and taken over; NULL: none. `type` NULL: no
 * Content-Type. */
void http_answer(
    struct http_request *request, unsigned status, const char *type, char *body, size_t size);

/* Takes the stream over. */
void http_answer_stream(struct http_request *request, const char *type,
    const struct http_stream_calls *calls, void *stream);

/* Adds a header to an answer that was given, which is still in our hands. */
void http_answer_header(struct http_request *request, const char *name, const char *value);

/* From inside on_request: takes the answer back. The request is asked again, as if it had just
 * come, after http_resume_postponed(). */
void http_postpone(struct http_request *request);
void http_resume_postponed(struct http *http);

static inline bool http_is_answered(const struct http_request *request)
{
    return request->status != 0;
}

/* There is something new for those that said 0. */
void http_wake_streams(struct http *http);

/* For http.c: a request from its first line on, and libmicrohttpd's call for it. */
struct http_request *http_request_new(struct http *http, const char *target);
void http_request_free(struct http_request *request);
int http_request_access(struct http_request *request, struct MHD_Connection *connection,
    const char *method, const char *version, const char *data, size_t *size);

#endif
