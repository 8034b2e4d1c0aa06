/* SPDX-License-Identifier: MIT */
/*
 * The usual case: a numeric address, one non-blocking connect(), one event from epoll. A name is
 * looked up first (resolver.h). Each connection that finds no lookup pending starts a new one, so a
 * changed DNS entry is noticed.
 *
 * After a failed or timed-out attempt the next address is tried. The errno of the last attempt is
 * reported, unless only an earlier one says something about the upstream. A failure that is known
 * at once (no descriptors, an unreachable network) is also delivered from the loop, so
 * connector_start() never calls back.
 */
#include "proxy/net/connector.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "proxy/net/worker.h"
#include "proxy/relay/plan.h"

/* Delay before connect() is tried again after EAGAIN. */
#define ROOM_RETRY_US (2 * US_PER_MS)

static void try_next(struct connector *connector);
static int attempt(struct connector *connector);

static void set_timer(struct connector *connector, time_us at)
{
    timer_set(&connector->worker->timers, &connector->timer, at);
}

static void release(struct connector *connector)
{
    resolver_cancel(&connector->waiter);
    resolved_unref(connector->resolved);
    connector->resolved = NULL;
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
    set_timer(connector, TIME_NEVER);
    connector->errnum = errnum;
    connector->reason = reason;
    poller_soon(&connector->worker->poller, &connector->failed);
}

/* Whether the errno is about this machine's network, and says nothing about the upstream. */
static bool is_local(int errnum)
{
    return errnum == EADDRNOTAVAIL || errnum == EAFNOSUPPORT || errnum == ENETUNREACH;
}

static void note_failure(struct connector *connector, int errnum)
{
    if (connector->errnum != 0 && is_local(errnum))
        return;
    connector->errnum = errnum;
    connector->failed_address = connector->address;
    connector->failed_len = connector->address_len;
}

static void attempt_failed(struct connector *connector, int errnum)
{
    socket_endpoint_drop(connector->endpoint);
    set_timer(connector, TIME_NEVER);
    note_failure(connector, errnum);
    try_next(connector);
}

static bool is_resolving(const struct connector *connector)
{
    return !list_empty(&connector->waiter.link);
}

/* Tries the address again after connect() returned EAGAIN. */
static void retry(struct connector *connector)
{
    int errnum = attempt(connector);
    if (errnum != 0 && errnum != EAGAIN)
        attempt_failed(connector, errnum);
}

static void on_timer(struct timer *timer)
{
    struct connector *connector = container_of(timer, struct connector, timer);
    if (is_resolving(connector))
        done(connector, 0, "the name was not resolved in time");
    else if (connector->waits_for_room && timers_now() < connector->deadline)
        retry(connector);
    else
        attempt_failed(connector, ETIMEDOUT);
}

static bool is_connected(int fd)
{
    struct sockaddr_storage peer;
    socklen_t size = sizeof peer;
    return getpeername(fd, (struct sockaddr *)&peer, &size) == 0;
}

/* Called with the endpoint's readiness while it connects: writable means connected, an error says
 * why not. A RST in answer to the SYN gives ECONNREFUSED (tcp_reset in net/ipv4/tcp_input.c).
 * Another errno means that the peer had accepted first: the session handles that. */
static void on_connecting(struct socket_endpoint *endpoint)
{
    struct connector *connector = endpoint->connecting;
    int errnum = 0;
    bool has_error = (endpoint->ep.ready & ENDPOINT_ERROR) != 0;
    if (has_error)
        errnum = endpoint->ep.ops->take_error(&endpoint->ep);
    else if (!endpoint_writable(&endpoint->ep))
        return;
    /* The event came from the previous attempt's socket, in the batch in which this one was
     * created. The next batch has the events of this one. */
    if (errnum == 0 && connector->attempts > 1 && (has_error || !is_connected(endpoint->fd))) {
        endpoint->ep.ready = 0;
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

/* connect() returns EAGAIN if the backlog of a UNIX socket is full or no local TCP port is free
 * (connect(2)). A blocking connect() would wait in the first case. So the call is repeated until
 * `connect_timeout` has passed. Returns EAGAIN, or the errno to report. */
static int wait_for_room(struct connector *connector)
{
    if (connector->deadline == 0)
        connector->deadline = time_add(timers_now(), connector->plan->config.connect_timeout_us);
    connector->waits_for_room = true;
    set_timer(connector, time_add(timers_now(), ROOM_RETRY_US));
    return EAGAIN;
}

/* Starts one attempt. Returns 0 or EAGAIN if it is pending, or another positive errno if it failed
 * at once. */
static int attempt(struct connector *connector)
{
    struct socket_endpoint *endpoint = connector->endpoint;
    int family = connector->address.ss_family;
    connector->waits_for_room = false;
    int result = socket_endpoint_create(
        endpoint, &connector->worker->poller, family, &connector->plan->config);
    if (result != 0)
        return -result;
    congestion_unpace(&connector->worker->congestion, endpoint->fd, &connector->address,
        &connector->plan->config);
    endpoint->on_ready = on_connecting;
    endpoint->connecting = connector;
    connector->attempts++;
    if (connect(endpoint->fd, (struct sockaddr *)&connector->address, connector->address_len) !=
            0 &&
        errno != EINPROGRESS) {
        int errnum = errno;
        socket_endpoint_drop(endpoint);
        return errnum == EAGAIN ? wait_for_room(connector) : errnum;
    }
    set_timer(connector, time_add(timers_now(), connector->plan->config.connect_timeout_us));
    return 0;
}

/* Copies the address and sets the upstream's port. */
static void take_address(struct connector *connector, const struct sockaddr_storage *address)
{
    bool v4 = address->ss_family == AF_INET;
    connector->address = *address;
    connector->address_len = v4 ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
    connector->deadline = 0;
    sockaddr_set_port(&connector->address, connector->port);
}

/* Tries the remaining resolved addresses until one attempt is pending. After the last one, reports
 * a failure and its address. */
static void try_next(struct connector *connector)
{
    const struct resolved *resolved = connector->resolved;
    while (resolved != NULL && connector->next < resolved->count) {
        take_address(connector, &resolved->addresses[connector->next++]);
        int errnum = attempt(connector);
        if (errnum == 0 || errnum == EAGAIN)
            return;
        note_failure(connector, errnum);
    }
    connector->address = connector->failed_address;
    connector->address_len = connector->failed_len;
    fail_soon(connector, connector->errnum, NULL);
}

static void on_resolved(struct resolver_waiter *waiter, struct resolved *resolved)
{
    struct connector *connector = container_of(waiter, struct connector, waiter);
    set_timer(connector, TIME_NEVER);
    connector->resolved = resolved_ref(resolved);
    if (resolved->problem != NULL)
        fail_soon(connector, resolved->errnum, resolved->problem);
    else
        try_next(connector);
}

static void resolve(struct connector *connector, const struct address *upstream)
{
    connector->port = upstream->port;
    int result = resolver_start(&connector->worker->resolver, upstream->host, &connector->waiter);
    if (result != 0)
        fail_soon(connector, -result, NULL);
    else
        set_timer(connector, time_add(timers_now(), connector->plan->config.connect_timeout_us));
}

int connector_init(struct connector *connector, struct worker *worker, struct plan *plan,
    connector_done_fn on_done)
{
    memset(connector, 0, sizeof *connector);
    connector->worker = worker;
    connector->on_done = on_done;
    list_init(&connector->failed.link);
    connector->failed.run = on_failed_task;
    list_init(&connector->waiter.link);
    connector->waiter.on_resolved = on_resolved;
    int result = timer_init(&worker->timers, &connector->timer, on_timer);
    if (result != 0)
        connector->on_done = NULL;
    else
        connector->plan = plan_ref(plan);
    return result;
}

void connector_start(
    struct connector *connector, struct socket_endpoint *endpoint, const struct address *upstream)
{
    upstream = upstream != NULL ? upstream : &connector->plan->config.upstream;
    connector->endpoint = endpoint;
    if (upstream->kind == ADDRESS_NAME) {
        resolve(connector, upstream);
        return;
    }
    if (upstream->kind == ADDRESS_NOWHERE || upstream->kind == ADDRESS_DIALLED) {
        fail_soon(connector, 0, "it is no address");
        return;
    }
    connector->address_len = address_to_sockaddr(upstream, &connector->address);
    int errnum = attempt(connector);
    if (errnum != 0 && errnum != EAGAIN)
        fail_soon(connector, errnum, NULL);
}

void connector_deinit(struct connector *connector)
{
    if (connector->on_done == NULL)
        return;
    connector->on_done = NULL;
    list_remove(&connector->failed.link);
    release(connector);
    timer_deinit(&connector->worker->timers, &connector->timer);
    plan_unref(connector->plan);
    connector->plan = NULL;
}
