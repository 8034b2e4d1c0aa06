/* SPDX-License-Identifier: MIT */
/*
 * Glue between a session, which is pure, and the worker: readiness, timers, dialling, events.
 *
 * Everything that may happen to a connection enters here as a callback of an endpoint, the timer,
 * the connector or a task, and goes straight to the session. When the session has ended nothing of
 * it is registered any more, but its endpoints may still stand in the batch of events at hand; so
 * the memory is freed by a task of the next turn.
 */
#include "proxy/net/connection.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proxy/net/proxy.h"
#include "proxy/net/worker.h"

static struct connection *of_session(struct session *session)
{
    return container_of(session, struct connection, session);
}

static void on_ready_client(struct socket_endpoint *endpoint)
{
    session_wake(&container_of(endpoint, struct connection, endpoint[SIDE_CLIENT])->session);
}

static void on_ready_server(struct socket_endpoint *endpoint)
{
    session_wake(&container_of(endpoint, struct connection, endpoint[SIDE_SERVER])->session);
}

static void on_timer(struct timer *timer)
{
    struct connection *connection = container_of(timer, struct connection, timer);
    connection->session.timer_at = TIME_NEVER;
    session_wake(&connection->session);
}

static void on_wake(struct poller_task *task)
{
    session_wake(&container_of(task, struct connection, wake)->session);
}

static time_us host_now(struct session *session)
{
    (void)session;
    return timers_now();
}

static void host_set_timer(struct session *session, time_us at)
{
    struct connection *connection = of_session(session);
    timer_set(&connection->proxy->worker->timers, &connection->timer, at);
}

static void host_wake_soon(struct session *session)
{
    struct connection *connection = of_session(session);
    poller_soon(&connection->proxy->worker->poller, &connection->wake);
}

static void host_emit(struct session *session, const struct event *event)
{
    struct proxy *proxy = of_session(session)->proxy;
    if (event->kind == EVENT_CLOSED)
        proxy_count(proxy, event);
    worker_emit(proxy->worker, event);
}

static void free_connection(struct poller_task *task)
{
    struct connection *connection = container_of(task, struct connection, free_task);
    timer_deinit(&connection->proxy->worker->timers, &connection->timer);
    connector_deinit(&connection->connector);
    session_deinit(&connection->session);
    proxy_forget(connection->proxy, connection);
    free(connection);
}

static void host_ended(struct session *session)
{
    struct connection *connection = of_session(session);
    struct poller *poller = &connection->proxy->worker->poller;
    connector_deinit(&connection->connector);
    socket_endpoint_drop(&connection->endpoint[SIDE_SERVER]); /* a connect under way */
    list_remove(&connection->wake.link);
    poller_soon(poller, &connection->free_task);
}

static void on_connected(struct connector *connector, int errnum, const char *reason)
{
    struct connection *connection = container_of(connector, struct connection, connector);
    struct socket_endpoint *server = &connection->endpoint[SIDE_SERVER];
    char *text = connection->address[SIDE_SERVER];
    if (reason == NULL)
        address_format_sockaddr(
            &connector->address, connector->address_len, text, ADDRESS_TEXT_MAX);
    else
        address_format(&connection->session.plan->proxy.upstream, text, ADDRESS_TEXT_MAX);
    /* The listener closes before the client gets its RST: a client that tries again at once shall
     * find nobody. */
    proxy_note_connect(connection->proxy, errnum == 0 && reason == NULL, errnum);
    if (connector->on_done == NULL)
        return; /* the session was stopped meanwhile, from inside the event about the listener */
    if (errnum == 0 && reason == NULL) {
        server->on_ready = on_ready_server;
        session_on_connected(&connection->session, &server->ep, text);
    } else {
        reason = reason != NULL ? reason : strerror(errnum);
        session_on_connect_failed(&connection->session, text, errnum, reason);
    }
}

static void host_dial(struct session *session)
{
    struct connection *connection = of_session(session);
    connector_start(&connection->connector, &connection->endpoint[SIDE_SERVER],
        worker_builtin_address(connection->proxy->worker, &session->plan->proxy.upstream));
}

static const struct session_host host = {
    .now = host_now,
    .dial = host_dial,
    .set_timer = host_set_timer,
    .wake_soon = host_wake_soon,
    .emit = host_emit,
    .ended = host_ended,
};

static void task_init(struct poller_task *task, void (*run)(struct poller_task *task))
{
    list_init(&task->link);
    task->run = run;
}

/* Reserves everything that can be refused. NULL: no memory. */
static struct connection *connection_new(struct proxy *proxy)
{
    struct worker *worker = proxy->worker;
    struct connection *connection = calloc(1, sizeof *connection);
    if (connection == NULL)
        return NULL;
    connection->proxy = proxy;
    if (timer_init(&worker->timers, &connection->timer, on_timer) != 0)
        goto err_after_alloc;
    if (connector_init(&connection->connector, worker->loop, &worker->poller, &worker->timers,
            &proxy->plan->proxy, on_connected) != 0)
        goto err_after_timer;
    return connection;

err_after_timer:
    timer_deinit(&worker->timers, &connection->timer);
err_after_alloc:
    free(connection);
    return NULL;
}

static void reset_and_close(int fd)
{
    socket_linger_zero(fd);
    close(fd);
}

void connection_open(
    struct proxy *proxy, int fd, const struct sockaddr_storage *peer, socklen_t peer_len)
{
    struct worker *worker = proxy->worker;
    struct connection *connection = connection_new(proxy);
    if (connection == NULL) {
        reset_and_close(fd);
        proxy_emit_accept_failed(proxy, ENOMEM);
        return;
    }
    task_init(&connection->wake, on_wake);
    task_init(&connection->free_task, free_connection);
    socket_endpoint_init(&connection->endpoint[SIDE_CLIENT], on_ready_client);
    socket_endpoint_init(&connection->endpoint[SIDE_SERVER], on_ready_server);
    struct socket_endpoint *client = &connection->endpoint[SIDE_CLIENT];
    if (socket_endpoint_adopt(client, &worker->poller, fd, peer->ss_family, &proxy->plan->proxy) !=
        0) {
        connector_deinit(&connection->connector);
        timer_deinit(&worker->timers, &connection->timer);
        free(connection);
        reset_and_close(fd);
        return;
    }
    address_format_sockaddr(peer, peer_len, connection->address[SIDE_CLIENT], ADDRESS_TEXT_MAX);
    uint64_t number = proxy_enlist(proxy, connection);
    const struct session_pools pools = {
        .rings = &worker->ring_pool, .conduits = &worker->pipe_pool.pool};
    session_init(&connection->session, &host, proxy->plan, number, &client->ep,
        connection->address[SIDE_CLIENT], &pools);
    session_start(&connection->session, peer);
}
