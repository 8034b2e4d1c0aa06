/* SPDX-License-Identifier: MIT */
/*
 * A request from its first line to the last byte of its answer.
 *
 * libmicrohttpd calls once when the head is complete, once for each piece of the body, and once
 * when all of it was read. Only then is the answer queued: an answer sent before the body was read
 * ends in a RST, which may destroy it before the client reads it. The one exception is a client
 * that asks first (Expect: 100-continue).
 *
 * A request whose turn has not come is suspended, and libmicrohttpd calls again when it is resumed.
 */
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "proxy/admin/http/http.h"
#include "proxy/admin/http/peer.h"

struct http_request *http_request_new(struct http *http, const char *target)
{
    struct http_request *request = calloc(1, sizeof *request);
    if (request == NULL)
        return NULL;
    request->http = http;
    request->target = strdup(target);
    request->sent_target = target;
    list_init(&request->queue_link);
    list_init(&request->stream_link);
    if (request->target != NULL)
        return request;
    free(request);
    return NULL;
}

static void end_stream(struct http_request *request)
{
    if (request->stream_calls == NULL)
        return;
    list_remove(&request->stream_link);
    request->stream_calls->free(request->stream);
    request->stream_calls = NULL;
}

void http_request_free(struct http_request *request)
{
    end_stream(request);
    list_remove(&request->queue_link);
    if (request->response != NULL)
        MHD_destroy_response(request->response);
    free(request->target);
    free(request->body);
    free(request);
}

const char *http_header(const struct http_request *request, const char *name)
{
    return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

struct header_count {
    const char *name;
    size_t count;
};

static enum MHD_Result on_header(
    void *user, enum MHD_ValueKind kind, const char *key, const char *value)
{
    struct header_count *header = user;
    (void)kind;
    (void)value;
    header->count += strcasecmp(key, header->name) == 0;
    return MHD_YES;
}

size_t http_header_count(const struct http_request *request, const char *name)
{
    struct header_count header = {.name = name};
    MHD_get_connection_values(request->connection, MHD_HEADER_KIND, on_header, &header);
    return header.count;
}

/* --- The answer --- */

void http_answer_header(struct http_request *request, const char *name, const char *value)
{
    if (request->response != NULL)
        MHD_add_response_header(request->response, name, value);
}

void http_answer(
    struct http_request *request, unsigned status, const char *type, char *body, size_t size)
{
    static char none[1];
    request->status = status;
    request->response = MHD_create_response_from_buffer(body != NULL ? size : 0,
        body != NULL ? body : none, body != NULL ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_PERSISTENT);
    if (request->response == NULL)
        free(body);
    if (type != NULL)
        http_answer_header(request, MHD_HTTP_HEADER_CONTENT_TYPE, type);
}

/* Without data the connection sleeps, because libmicrohttpd would ask again at once. */
static ssize_t on_read(void *user, uint64_t position, char *out, size_t size)
{
    struct http_request *request = user;
    ssize_t n = request->stream_calls->read(request->stream, out, size);
    (void)position;
    if (n < 0)
        return MHD_CONTENT_READER_END_OF_STREAM;
    if (n == 0 && !request->http->closing) {
        request->asleep = true;
        MHD_suspend_connection(request->connection);
    }
    return n;
}

void http_answer_stream(struct http_request *request, const char *type,
    const struct http_stream_calls *calls, void *stream)
{
    request->status = MHD_HTTP_OK;
    request->stream_calls = calls;
    request->stream = stream;
    list_append(&request->http->streams, &request->stream_link);
    request->response =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 16384, on_read, request, NULL);
    http_answer_header(request, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    http_answer_header(request, MHD_HTTP_HEADER_CACHE_CONTROL, "no-cache");
}

void http_postpone(struct http_request *request)
{
    end_stream(request);
    if (request->response != NULL)
        MHD_destroy_response(request->response);
    request->response = NULL;
    request->status = 0;
}

/* Queues the answer. Returns 0, or -1 to cut the connection: out of memory. */
static int hand_over(struct http_request *request)
{
    struct http_peer *peer = http_peer_of(request->connection);
    struct MHD_Response *response = request->response;
    if (response == NULL)
        return -1;
    http_peer_enter(
        peer, HTTP_ANSWERING, request->stream_calls != NULL ? TIME_NEVER : HTTP_WRITE_US);
    request->response = NULL;
    bool taken = MHD_queue_response(request->connection, request->status, response) == MHD_YES;
    MHD_destroy_response(response);
    return taken ? 0 : -1;
}

/* --- The request --- */

static bool asks_first(const struct http_request *request)
{
    const char *expect = http_header(request, MHD_HTTP_HEADER_EXPECT);
    return expect != NULL && strcasecmp(expect, "100-continue") == 0;
}

static void answer_fixed(struct http_request *request, unsigned status, const char *text)
{
    if (!http_is_answered(request))
        http_answer(request, status, "application/json", strdup(text), strlen(text));
}

static void refuse_body(struct http_request *request)
{
    answer_fixed(request, MHD_HTTP_CONTENT_TOO_LARGE,
        "{\"error\":\"request body is larger than 1 MiB\",\"status\":413}\n");
}

/* Whether the target contained a NUL. libmicrohttpd (0.9.75) cuts it there, and the version follows
 * the cut part in the same buffer. It also writes NULs there itself, so only other bytes prove
 * it. */
static bool has_nul(const struct http_request *request, const char *version)
{
    uintptr_t end = (uintptr_t)(request->sent_target + strlen(request->target));
    uintptr_t next = (uintptr_t)version;
    if (next < end || next - end > HTTP_CONNECTION_MEMORY)
        return false; /* a version that was not sent */
    for (const char *p = request->sent_target + strlen(request->target); p < version; p++) {
        if (*p != '\0' && *p != ' ' && *p != '\t')
            return true;
    }
    return false;
}

static int take_head(struct http_request *request, struct MHD_Connection *connection,
    const char *method, const char *version)
{
    request->connection = connection;
    request->method = method;
    if (has_nul(request, version))
        answer_fixed(request, MHD_HTTP_BAD_REQUEST,
            "{\"error\":\"the request line has a NUL\",\"status\":400}\n");
    else
        request->http->calls->on_head(request->http->user, request);
    const char *length = http_header(request, MHD_HTTP_HEADER_CONTENT_LENGTH);
    if (length != NULL && strtoull(length, NULL, 10) > HTTP_BODY_MAX)
        refuse_body(request);
    return http_is_answered(request) && asks_first(request) ? hand_over(request) : 0;
}

static bool request_grow(struct http_request *request, size_t size)
{
    size_t capacity = request->body_capacity != 0 ? request->body_capacity : 1024;
    while (capacity <= size) /* plus one for the NUL */
        capacity *= 2;
    if (capacity == request->body_capacity)
        return true;
    char *body = realloc(request->body, capacity);
    if (body == NULL)
        return false;
    request->body = body;
    request->body_capacity = capacity;
    return true;
}

/* Keeps a piece of the body. Bytes above the limit, or after the answer, are dropped. */
static int take_body(struct http_request *request, const char *data, size_t size)
{
    if (request->body_size + size > HTTP_BODY_MAX)
        refuse_body(request);
    if (http_is_answered(request)) {
        request->dropped += size;
        return request->dropped <= HTTP_DROP_MAX ? 0 : -1;
    }
    if (!request_grow(request, request->body_size + size))
        return -1;
    memcpy(request->body + request->body_size, data, size);
    request->body_size += size;
    request->body[request->body_size] = '\0';
    return 0;
}

static void wait_in(struct list *requests, struct http_request *request)
{
    request->waiting = true;
    list_append(requests, &request->queue_link);
    http_peer_enter(http_peer_of(request->connection), HTTP_WORKING, TIME_NEVER);
    MHD_suspend_connection(request->connection);
}

int http_request_access(struct http_request *request, struct MHD_Connection *connection,
    const char *method, const char *version, const char *data, size_t *size)
{
    struct http *http = request->http;
    if (request->connection == NULL)
        return take_head(request, connection, method, version);
    if (*size > 0) {
        size_t n = *size;
        *size = 0;
        return take_body(request, data, n);
    }
    if (request->waiting)
        return http->closing ? -1 : 0;
    if (!http_is_answered(request)) {
        if (!list_empty(&http->queue) || timers_now() >= http->turn_ends) {
            wait_in(&http->queue, request);
            poller_soon(http->poller, &http->turn);
            return 0;
        }
        http->calls->on_request(http->user, request);
        if (!http_is_answered(request)) {
            wait_in(&http->postponed, request);
            return 0;
        }
    }
    return hand_over(request);
}
