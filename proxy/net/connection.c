/* SPDX-License-Identifier: MIT */
/*
 * Connects a session, which makes no system calls, with the worker: readiness, timers, dialling,
 * events.
 *
 * Everything that happens to a connection enters here as a callback of an endpoint, the timer, the
 * connector or a task, and is passed to the session. When the session has ended, nothing of it is
 * registered any more. Its endpoints may still be in the current batch of events, so a task of the
 * next turn frees the memory.
 */
#include "proxy/net/connection.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

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
    session_on_timer(&connection->session);
}

static void on_wake(struct poller_task *task)
{
    session_wake(&container_of(task, struct connection, task)->session);
}

static time_us host_now(struct session *session)
{
    (void)session;
    return timers_now();
}

static void host_set_timer(struct session *session, time_us at)
{
    struct connection *connection = of_session(session);
    timer_set(&connection->owner->worker->timers, &connection->timer, at);
}

static void host_wake_soon(struct session *session)
{
    struct connection *connection = of_session(session);
    poller_soon(&connection->owner->worker->poller, &connection->task);
}

static void host_emit(struct session *session, const struct event *event)
{
    struct connection_owner *owner = of_session(session)->owner;
    if (!session->plan->config.silent)
        worker_emit(owner->worker, event);
}

static bool host_wants_details(struct session *session)
{
    return of_session(session)->owner->worker->wants_details;
}

static void drop_connector(struct connection *connection)
{
    if (connection->connector != NULL)
        connector_deinit(connection->connector);
    free(connection->connector);
    connection->connector = NULL;
}

static_assert(offsetof(struct connection, link) == 0, "worker_deinit() frees spare ones by it");

/* Returns zeroed memory for one connection, or NULL if there is none. */
static struct connection *take_memory(struct worker *worker)
{
    struct list *link = list_pop(&worker->spare);
    if (link == NULL)
        return calloc(1, sizeof(struct connection));
    struct connection *connection = container_of(link, struct connection, link);
    worker->spare_count--;
    memset(connection, 0, sizeof *connection);
    return connection;
}

static void give_memory(struct worker *worker, struct connection *connection)
{
    if (worker->spare_count == CONNECTIONS_SPARE_MAX) {
        free(connection);
        return;
    }
    worker->spare_count++;
    list_append(&worker->spare, &connection->link);
}

/* Releases everything that connection_new() reserved. */
static void connection_free(struct connection *connection)
{
    struct worker *worker = connection->owner->worker;
    drop_connector(connection);
    timer_deinit(&worker->timers, &connection->timer);
    free(connection->address[SIDE_CLIENT]);
    free(connection->address[SIDE_SERVER]);
    free(connection->dialled);
    give_memory(worker, connection);
}

static void on_gone(struct poller_task *task)
{
    struct connection *connection = container_of(task, struct connection, task);
    struct connection_owner *owner = connection->owner;
    session_deinit(&connection->session);
    list_remove(&connection->link);
    connection_free(connection);
    owner->calls->on_gone(owner);
}

static void host_ended(struct session *session)
{
    struct connection *connection = of_session(session);
    struct poller *poller = &connection->owner->worker->poller;
    drop_connector(connection);
    socket_endpoint_drop(&connection->endpoint[SIDE_SERVER]); /* a pending connect */
    connection->owner->calls->on_ended(connection->owner);
    list_remove(&connection->task.link); /* it may be due in this turn */
    connection->task.run = on_gone;
    poller_soon(poller, &connection->task);
}

/* Sets *dialled to the address that an intercepted client dialled. Returns false if the client was
 * not intercepted. */
static bool get_dialled(const struct connection *connection, struct sockaddr_storage *dialled)
{
    if (connection->dialled == NULL)
        return false;
    memset(dialled, 0, sizeof *dialled);
    memcpy(dialled, connection->dialled, sizeof *connection->dialled);
    return true;
}

static bool host_is_destined(
    const struct session *session, const struct destination_list *destinations)
{
    const struct connection *connection = container_of(session, struct connection, session);
    struct sockaddr_storage address;
    if (!get_dialled(connection, &address))
        return false;
    const struct dialled dialled = interception_dialled(connection->owner->worker, &address);
    return destination_list_has(destinations, &dialled);
}

static void start_relaying(struct connection *connection, const char *address)
{
    struct socket_endpoint *server = &connection->endpoint[SIDE_SERVER];
    if (connection->address[SIDE_SERVER] == NULL)
        connection->address[SIDE_SERVER] = strdup(address);
    if (connection->address[SIDE_SERVER] == NULL) {
        socket_endpoint_drop(server);
        session_on_connect_failed(&connection->session, "", ENOMEM, strerror(ENOMEM));
        return;
    }
    server->on_ready = on_ready_server;
    session_on_connected(&connection->session, &server->ep, connection->address[SIDE_SERVER]);
}

static void on_connected(struct connector *connector, int errnum, const char *reason)
{
    struct connection *connection = connector->user;
    struct connection_owner *owner = connection->owner;
    bool connected = errnum == 0 && reason == NULL;
    char text[ADDRESS_TEXT_MAX];
    if (connection->session.destination != NULL)
        snprintf(text, sizeof text, "%s", connection->session.destination);
    else if (reason == NULL && connector->address_len > 0)
        address_format_sockaddr(&connector->address, connector->address_len, text, sizeof text);
    else
        address_format(&connector->plan->config.upstream, text, sizeof text);
    /* The listener closes before the client gets its RST, so a client that reconnects at once is
     * refused. */
    owner->calls->on_dialled(owner, &connector->plan->config.upstream, connected, errnum);
    if (connection->connector == NULL)
        return; /* the listener's event stopped the session */
    drop_connector(connection);
    if (connected)
        start_relaying(connection, text);
    else
        session_on_connect_failed(&connection->session, text, reason != NULL ? 0 : errnum,
            reason != NULL ? reason : strerror(errnum));
}

/* Dials the upstream that the proxy had when it accepted the client. The session may have a later
 * plan by now, with another upstream: a changed fault brings it (relay/adoption.h). */
static void host_dial(struct session *session)
{
    struct connection *connection = of_session(session);
    const struct address *configured = &connection->connector->plan->config.upstream;
    const struct address *other = worker_builtin_address(connection->owner->worker, configured);
    struct sockaddr_storage dialled;
    struct address wanted;
    if (configured->kind == ADDRESS_DIALLED && get_dialled(connection, &dialled)) {
        address_from_sockaddr(&dialled, &wanted);
        other = &wanted;
    }
    connector_start(connection->connector, &connection->endpoint[SIDE_SERVER], other);
}

static void host_cancel_dial(struct session *session)
{
    struct connection *connection = of_session(session);
    drop_connector(connection);
    socket_endpoint_drop(&connection->endpoint[SIDE_SERVER]); /* a pending connect */
}

static const struct session_host host = {
    .now = host_now,
    .dial = host_dial,
    .cancel_dial = host_cancel_dial,
    .set_timer = host_set_timer,
    .wake_soon = host_wake_soon,
    .emit = host_emit,
    .wants_details = host_wants_details,
    .ended = host_ended,
    .is_destined = host_is_destined,
};

/* 0 or -ENOMEM. */
static int set_dialled(struct connection *connection, const struct sockaddr_storage *dialled)
{
    char text[ADDRESS_TEXT_MAX];
    if (dialled == NULL)
        return 0;
    connection->dialled = malloc(sizeof *connection->dialled);
    address_format_sockaddr(dialled, sizeof *dialled, text, sizeof text);
    connection->address[SIDE_SERVER] = strdup(text);
    if (connection->dialled == NULL || connection->address[SIDE_SERVER] == NULL)
        return -ENOMEM;
    memcpy(connection->dialled, dialled, sizeof *connection->dialled);
    return 0;
}

/* Allocates everything that can fail. Returns NULL if there is no memory. */
static struct connection *connection_new(
    struct connection_owner *owner, struct plan *plan, const struct accepted *accepted)
{
    struct worker *worker = owner->worker;
    struct connection *connection = take_memory(worker);
    char text[ADDRESS_TEXT_MAX];
    if (connection == NULL)
        return NULL;
    connection->owner = owner;
    if (timer_init(&worker->timers, &connection->timer, on_timer) != 0) {
        give_memory(worker, connection);
        return NULL;
    }
    address_format_sockaddr(accepted->peer, accepted->peer_len, text, sizeof text);
    connection->address[SIDE_CLIENT] = strdup(text);
    connection->connector = calloc(1, sizeof *connection->connector);
    if (set_dialled(connection, accepted->dialled) != 0 ||
        connection->address[SIDE_CLIENT] == NULL || connection->connector == NULL ||
        connector_init(connection->connector, worker, plan, on_connected) != 0) {
        connection_free(connection);
        return NULL;
    }
    connection->connector->user = connection;
    return connection;
}

static void reset_and_close(int fd)
{
    socket_linger_zero(fd);
    close(fd);
}

void connection_client(const struct connection *connection, struct sockaddr_storage *client)
{
    memset(client, 0, sizeof *client);
    memcpy(client, &connection->client, sizeof connection->client);
}

int connection_open(struct connection_owner *owner, struct plan *plan,
    const struct accepted *accepted, struct connection **out)
{
    struct connection *connection = connection_new(owner, plan, accepted);
    if (connection == NULL) {
        reset_and_close(accepted->fd);
        return -ENOMEM;
    }
    list_init(&connection->task.link);
    connection->task.run = on_wake;
    socket_endpoint_init(&connection->endpoint[SIDE_CLIENT], on_ready_client);
    socket_endpoint_init(&connection->endpoint[SIDE_SERVER], on_ready_server);
    int result = socket_endpoint_adopt(&connection->endpoint[SIDE_CLIENT], &owner->worker->poller,
        accepted->fd, accepted->peer->ss_family, &plan->config);
    if (result != 0) {
        connection_free(connection);
        reset_and_close(accepted->fd);
        return result;
    }
    memcpy(&connection->client, accepted->peer, sizeof connection->client);
    *out = connection;
    return 0;
}

void connection_start(struct connection *connection, uint64_t number, uint64_t concurrent,
    struct plan *plan, const struct sockaddr_storage *peer)
{
    struct worker *worker = connection->owner->worker;
    const struct session_pools pools = {
        .rings = &worker->ring_pool, .splice_pipes = &worker->pipe_pool.pool};
    session_init(&connection->session, &host, plan, number, &connection->endpoint[SIDE_CLIENT].ep,
        connection->address[SIDE_CLIENT], &pools);
    connection->session.serial = ++worker->last_serial;
    connection->session.concurrent = concurrent;
    connection->session.destination = connection->address[SIDE_SERVER];
    session_start(&connection->session, peer);
}
