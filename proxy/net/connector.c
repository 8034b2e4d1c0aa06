/* SPDX-License-Identifier: MIT */
/*
 * Happy path: a numeric address, one non-blocking connect(), one edge from epoll. A name is
 * resolved by libuv's thread pool first, anew for each connection, so a changed DNS entry is seen.
 *
 * A failed or timed-out attempt goes on to the next address; the last one's errno is reported. A
 * failure that is known at once (no descriptors, an unreachable network) is still delivered from
 * the loop, so that the caller is never called back while it is starting us.
 *
 * getaddrinfo cannot be cancelled once a thread works on it: the resolution then outlives its
 * connector and frees itself.
 */
#include "proxy/net/connector.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "proxy/net/worker.h"

struct resolution {
    uv_getaddrinfo_t request;
    struct connector *owner;     /* NULL: nobody waits any more */
    struct addrinfo *list;       /* owned, once resolved */
    const struct addrinfo *next; /* to be tried */
};

/* How soon a full backlog of a UNIX socket is tried again. */
#define UNIX_RETRY_US (2 * US_PER_MS)

static void try_next(struct connector *connector);
static int attempt(struct connector *connector);

static void set_timer(struct connector *connector, time_us at)
{
    timer_set(&connector->worker->timers, &connector->timer, at);
}

/* Lets go of the resolver's answer, or of the question. */
static void release(struct connector *connector)
{
    struct resolution *resolution = connector->resolution;
    connector->resolution = NULL;
    if (resolution == NULL)
        return;
    resolution->owner = NULL;
    if (resolution->request.data != NULL) {
        uv_cancel((uv_req_t *)&resolution->request);
        return; /* on_resolved frees it */
    }
    uv_freeaddrinfo(resolution->list);
    free(resolution);
}

static void done(struct connector *connector, int errnum, const char *reason)
{
    set_timer(connector, TIME_NEVER);
    release(connector);
    connector->on_done(connector, errnum, reason);
}

static void on_failed_task(struct poller_task *task)
{
    struct connector *connector = container_of(task, struct connector, failed);
    done(connector, connector->errnum, connector->reason);
}

static void fail_soon(struct connector *connector, int errnum, const char *reason)
{
    connector->errnum = errnum;
    connector->reason = reason;
    poller_soon(&connector->worker->poller, &connector->failed);
}

static void attempt_failed(struct connector *connector, int errnum)
{
    socket_endpoint_drop(connector->endpoint);
    set_timer(connector, TIME_NEVER);
    connector->errnum = errnum;
    try_next(connector);
}

static void on_timer(struct timer *timer)
{
    struct connector *connector = container_of(timer, struct connector, timer);
    bool full = connector->endpoint->fd < 0 && connector->errnum == EAGAIN;
    if (connector->resolution != NULL && connector->resolution->request.data != NULL) {
        done(connector, 0, "the name was not resolved in time");
    } else if (full && timers_now() < connector->deadline) {
        connector->errnum = attempt(connector);
        if (connector->errnum != 0 && connector->errnum != EAGAIN)
            attempt_failed(connector, connector->errnum);
    } else {
        attempt_failed(connector, ETIMEDOUT);
    }
}

static bool is_connected(int fd)
{
    struct sockaddr_storage peer;
    socklen_t size = sizeof peer;
    return getpeername(fd, (struct sockaddr *)&peer, &size) == 0;
}

/* The endpoint's readiness while it connects: writable means connected, an error says why not. A
 * RST that answers the SYN is ECONNREFUSED (tcp_reset in net/ipv4/tcp_input.c); another one says
 * that the peer had accepted first, and belongs to the session. */
static void on_connecting(struct socket_endpoint *endpoint)
{
    struct connector *connector = endpoint->connecting;
    int errnum = 0;
    if ((endpoint->ep.ready & ENDPOINT_ERROR) != 0)
        errnum = endpoint->ep.ops->take_error(&endpoint->ep);
    else if (!endpoint_writable(&endpoint->ep))
        return;
    if (errnum == 0 && connector->attempts > 1 && !is_connected(endpoint->fd)) {
        endpoint->ep.ready = 0; /* the event was of the socket of the attempt before */
        return;
    }
    if (errnum == ECONNRESET || errnum == EPIPE) {
        endpoint->taken_errnum = errnum;
        errnum = 0;
    }
    if (errnum != 0)
        attempt_failed(connector, errnum);
    else
        done(connector, 0, NULL);
}

/* A UNIX socket whose backlog is full answers EAGAIN instead of waiting, as a blocking connect()
 * would: it is asked again until the time is up. */
static int wait_for_room(struct connector *connector)
{
    if (connector->deadline == 0)
        connector->deadline = time_add(timers_now(), connector->proxy.connect_timeout_us);
    set_timer(connector, time_add(timers_now(), UNIX_RETRY_US));
    return EAGAIN;
}

/* Starts one attempt. 0 or EAGAIN: it is under way; another positive errno: it failed at once. */
static int attempt(struct connector *connector)
{
    struct socket_endpoint *endpoint = connector->endpoint;
    int family = connector->address.ss_family;
    int result =
        socket_endpoint_create(endpoint, &connector->worker->poller, family, &connector->proxy);
    if (result != 0)
        return -result;
    congestion_unpace(
        &connector->worker->congestion, endpoint->fd, &connector->address, &connector->proxy);
    endpoint->on_ready = on_connecting;
    endpoint->connecting = connector;
    connector->attempts++;
    if (connect(endpoint->fd, (struct sockaddr *)&connector->address, connector->address_len) !=
            0 &&
        errno != EINPROGRESS) {
        int errnum = errno;
        socket_endpoint_drop(endpoint);
        return errnum == EAGAIN && family == AF_UNIX ? wait_for_room(connector) : errnum;
    }
    set_timer(connector, time_add(timers_now(), connector->proxy.connect_timeout_us));
    return 0;
}

/* Tries the resolved addresses that are left until one attempt is under way. */
static void try_next(struct connector *connector)
{
    struct resolution *resolution = connector->resolution;
    while (resolution != NULL && resolution->next != NULL) {
        const struct addrinfo *info = resolution->next;
        resolution->next = info->ai_next;
        memcpy(&connector->address, info->ai_addr, info->ai_addrlen);
        connector->address_len = info->ai_addrlen;
        connector->errnum = attempt(connector);
        if (connector->errnum == 0)
            return;
    }
    fail_soon(connector, connector->errnum, NULL);
}

static void on_resolved(uv_getaddrinfo_t *request, int status, struct addrinfo *list)
{
    struct resolution *resolution = container_of(request, struct resolution, request);
    struct connector *connector = resolution->owner;
    resolution->list = list;
    resolution->next = list;
    resolution->request.data = NULL; /* no longer under way */
    if (connector == NULL) {
        uv_freeaddrinfo(list);
        free(resolution);
    } else if (status != 0) {
        fail_soon(connector, 0, uv_strerror(status));
    } else {
        try_next(connector);
    }
}

static void resolve(struct connector *connector, const struct address *upstream)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct address service = *upstream;
    char text[ADDRESS_TEXT_MAX];
    struct resolution *resolution = calloc(1, sizeof *resolution);
    if (resolution == NULL) {
        fail_soon(connector, ENOMEM, NULL);
        return;
    }
    address_format(&service, text, sizeof text);
    const char *port = strrchr(text, ':') + 1;
    resolution->owner = connector;
    resolution->request.data = resolution;
    int result = uv_getaddrinfo(
        connector->worker->loop, &resolution->request, on_resolved, service.host, port, &hints);
    if (result != 0) {
        free(resolution);
        fail_soon(connector, -result, NULL);
        return;
    }
    connector->resolution = resolution;
    set_timer(connector, time_add(timers_now(), connector->proxy.connect_timeout_us));
}

int connector_init(struct connector *connector, struct worker *worker,
    const struct proxy_config *proxy, connector_done_fn on_done)
{
    memset(connector, 0, sizeof *connector);
    connector->worker = worker;
    connector->proxy = *proxy;
    connector->on_done = on_done;
    list_init(&connector->failed.link);
    connector->failed.run = on_failed_task;
    int result = timer_init(&worker->timers, &connector->timer, on_timer);
    if (result != 0)
        connector->on_done = NULL;
    return result;
}

void connector_start(
    struct connector *connector, struct socket_endpoint *endpoint, const struct address *upstream)
{
    upstream = upstream != NULL ? upstream : &connector->proxy.upstream;
    connector->endpoint = endpoint;
    if (upstream->kind == ADDRESS_NAME) {
        resolve(connector, upstream);
        return;
    }
    if (upstream->kind == ADDRESS_NOWHERE) {
        fail_soon(connector, 0, "it is no address");
        return;
    }
    connector->address_len = address_to_sockaddr(upstream, &connector->address);
    connector->errnum = attempt(connector);
    if (connector->errnum != 0 && connector->errnum != EAGAIN)
        fail_soon(connector, connector->errnum, NULL);
}

void connector_deinit(struct connector *connector)
{
    if (connector->on_done == NULL)
        return;
    connector->on_done = NULL;
    list_remove(&connector->failed.link);
    release(connector);
    timer_deinit(&connector->worker->timers, &connector->timer);
}
