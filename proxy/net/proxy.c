/* SPDX-License-Identifier: MIT */
/*
 * The usual case: listen, give every accepted socket to a new connection with the current plan,
 * count the connections' reports.
 *
 * With `unreachable = refuse` a failed connect closes the listener, so later clients are refused as
 * the upstream itself would refuse them. A probe connects to the upstream every PROBE_INTERVAL_US
 * and opens the listener again, on the same port. If that fails (another program took the port),
 * the next probe tries again.
 */
#include "proxy/net/proxy.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "proxy/net/worker.h"

static void emit(struct proxy *proxy, struct event *event)
{
    event->at = timers_now();
    if (proxy->plan->config.silent)
        return;
    event->proxy = proxy_name(proxy);
    worker_emit(proxy->worker, event);
}

void proxy_format_listen(const struct proxy *proxy, char *buf, size_t size)
{
    const struct proxy_config *config = &proxy->plan->config;
    if (proxy_config_intercepts(config))
        proxy_config_format_listen(config, buf, size);
    else
        address_format_sockaddr(&proxy->listener.address, proxy->listener.address_len, buf, size);
}

static void emit_listening(struct proxy *proxy, enum event_kind kind)
{
    char text[ADDRESS_TEXT_MAX];
    proxy_format_listen(proxy, text, sizeof text);
    struct event event = {.kind = kind, .u.listening.address = text};
    emit(proxy, &event);
}

static void emit_accept_failed(struct proxy *proxy, enum event_kind kind, int errnum)
{
    struct event event = {.kind = kind, .u.accept_failed.errnum = errnum};
    emit(proxy, &event);
}

static void accept_client(struct proxy *proxy, const struct accepted *accepted)
{
    struct connection *connection;
    int result = connection_open(&proxy->owner, proxy->plan, accepted, &connection);
    if (result != 0) {
        emit_accept_failed(proxy, EVENT_CLIENT_DROPPED, -result);
        return;
    }
    list_append(&proxy->connections, &connection->link);
    proxy->worker->connections++;
    proxy->open_count++;
    connection_start(
        connection, ++proxy->last_number, proxy->open_count, proxy->plan, accepted->peer);
}

void proxy_accept_intercepted(struct proxy *proxy, int fd, const struct sockaddr_storage *peer)
{
    struct sockaddr_storage client = *peer, dialled = {0};
    socklen_t size = sizeof dialled;
    if (getsockname(fd, (struct sockaddr *)&dialled, &size) != 0) {
        close(fd);
        return;
    }
    sockaddr_unmap(&client);
    sockaddr_unmap(&dialled);
    const struct accepted accepted = {
        .fd = fd, .peer = &client, .peer_len = sizeof client, .dialled = &dialled};
    accept_client(interception_choose(proxy, &dialled), &accepted);
}

static void on_accept(
    struct listener *listener, int fd, const struct sockaddr_storage *peer, socklen_t peer_len)
{
    struct proxy *proxy = container_of(listener, struct proxy, listener);
    const struct accepted accepted = {.fd = fd, .peer = peer, .peer_len = peer_len};
    if (proxy_config_intercepts(&proxy->plan->config))
        proxy_accept_intercepted(proxy, fd, peer);
    else
        accept_client(proxy, &accepted);
}

static void on_accept_failed(struct listener *listener, int errnum)
{
    struct proxy *proxy = container_of(listener, struct proxy, listener);
    emit_accept_failed(proxy, EVENT_ACCEPT_FAILED, errnum);
}

static void on_accept_recovered(struct listener *listener)
{
    struct event event = {.kind = EVENT_ACCEPT_RECOVERED};
    emit(container_of(listener, struct proxy, listener), &event);
}

static const struct listener_calls listener_calls = {
    .on_accept = on_accept,
    .on_accept_failed = on_accept_failed,
    .on_accept_recovered = on_accept_recovered,
};

static void on_probed(struct connector *connector, int errnum, const char *reason)
{
    struct proxy *proxy = container_of(connector, struct proxy, prober);
    connector_deinit(connector);
    socket_endpoint_drop(&proxy->probe);
    proxy->probing = errnum != 0 || reason != NULL;
    if (proxy->probing)
        timer_set(
            &proxy->worker->timers, &proxy->probe_timer, time_add(timers_now(), PROBE_INTERVAL_US));
    else
        /* Opens the listener, unless a fault keeps it closed. */
        listener_faults_update(&proxy->listener_faults);
}

static void on_probe_timer(struct timer *timer)
{
    struct proxy *proxy = container_of(timer, struct proxy, probe_timer);
    struct worker *worker = proxy->worker;
    if (connector_init(&proxy->prober, worker, proxy->plan, on_probed) == 0)
        connector_start(&proxy->prober, &proxy->probe,
            worker_builtin_address(worker, &proxy->plan->config.upstream));
    else
        timer_set(&worker->timers, timer, time_add(timers_now(), PROBE_INTERVAL_US));
}

static void start_probing(struct proxy *proxy)
{
    proxy_stop_listening(proxy);
    proxy->probing = true;
    timer_set(
        &proxy->worker->timers, &proxy->probe_timer, time_add(timers_now(), PROBE_INTERVAL_US));
}

static void stop_probing(struct proxy *proxy)
{
    proxy->probing = false;
    timer_set(&proxy->worker->timers, &proxy->probe_timer, TIME_NEVER);
    connector_deinit(&proxy->prober);
    socket_endpoint_drop(&proxy->probe);
}

/* Whether the failure is this machine's, and says nothing about the upstream. EAGAIN: there is no
 * thread to look its name up. */
static bool is_our_own(int errnum)
{
    return errnum == EAGAIN || errnum == EMFILE || errnum == ENFILE || errnum == ENOMEM ||
           errnum == ENOBUFS || errnum == EADDRNOTAVAIL;
}

/* A connection that was accepted before a reload may have dialled an upstream that the proxy no
 * longer has. */
static void on_dialled(
    struct connection_owner *owner, const struct address *upstream, bool connected, int errnum)
{
    struct proxy *proxy = container_of(owner, struct proxy, owner);
    const struct proxy_config *config = &proxy->plan->config;
    if (connected || !address_equal(upstream, &config->upstream))
        return;
    if (config->unreachable == UNREACHABLE_REFUSE && !proxy->closing && !is_our_own(errnum) &&
        listener_is_open(&proxy->listener))
        start_probing(proxy);
}

static void on_free(struct poller_task *task)
{
    free(container_of(task, struct proxy, free_task));
}

/* The memory is freed in a later turn, because the listener may still be in the current batch of
 * events. */
static void free_if_done(struct proxy *proxy)
{
    if (!proxy->closing || !list_empty(&proxy->connections))
        return;
    list_remove(&proxy->link);
    listener_deinit(&proxy->listener);
    timer_deinit(&proxy->worker->timers, &proxy->probe_timer);
    listener_faults_deinit(&proxy->listener_faults);
    plan_unref(proxy->plan);
    poller_soon(&proxy->worker->poller, &proxy->free_task);
}

static void on_ended(struct connection_owner *owner)
{
    container_of(owner, struct proxy, owner)->open_count--;
}

static void on_gone(struct connection_owner *owner)
{
    struct worker *worker = owner->worker;
    struct proxy *proxy = container_of(owner, struct proxy, owner);
    worker->connections--;
    free_if_done(proxy);
    if (worker->connections == 0 && worker->on_drained != NULL)
        worker->on_drained(worker);
}

static const struct connection_calls connection_calls = {
    .on_dialled = on_dialled,
    .on_ended = on_ended,
    .on_gone = on_gone,
};

static int open_listener(struct listener_faults *faults)
{
    struct proxy *proxy = container_of(faults, struct proxy, listener_faults);
    struct err ignored;
    bool failed = !proxy->probing && proxy_listen(proxy, &ignored) != 0;
    if (failed && !proxy->reopen_failed)
        emit_accept_failed(proxy, EVENT_ACCEPT_FAILED, proxy->listener.errnum);
    proxy->reopen_failed = failed;
    return failed ? -1 : 0;
}

static void close_listener(struct listener_faults *faults)
{
    proxy_stop_listening(container_of(faults, struct proxy, listener_faults));
}

static const struct listener_faults_calls listener_faults_calls = {
    .open = open_listener,
    .close = close_listener,
};

struct proxy *proxy_new(struct worker *worker, struct plan *plan)
{
    struct proxy *proxy = calloc(1, sizeof *proxy);
    if (proxy == NULL)
        return NULL;
    if (listener_init(&proxy->listener, &worker->poller, &worker->timers, &worker->congestion,
            &listener_calls) != 0)
        goto err_after_alloc;
    proxy->worker = worker;
    proxy->serial = ++worker->last_proxy_serial;
    proxy->owner = (struct connection_owner){.calls = &connection_calls, .worker = worker};
    proxy->plan = plan;
    proxy->listener.interception = worker->interception;
    proxy->listener.resolver = &worker->resolver;
    if (timer_init(&worker->timers, &proxy->probe_timer, on_probe_timer) != 0)
        goto err_after_listener;
    if (listener_faults_init(
            &proxy->listener_faults, &listener_faults_calls, worker, &proxy->listener, plan) != 0)
        goto err_after_probe_timer;
    if (hash_add(&worker->names, &proxy->by_name, hash_text(0, plan->config.name)) != 0)
        goto err_after_listener_faults;
    list_init(&proxy->connections);
    list_init(&proxy->free_task.link);
    proxy->free_task.run = on_free;
    list_append(&worker->proxies, &proxy->link);
    socket_endpoint_init(&proxy->probe, NULL);
    return proxy;

err_after_listener_faults:
    listener_faults_deinit(&proxy->listener_faults);
err_after_probe_timer:
    timer_deinit(&worker->timers, &proxy->probe_timer);
err_after_listener:
    listener_deinit(&proxy->listener);
err_after_alloc:
    free(proxy);
    return NULL;
}

struct connection *proxy_find_connection(const struct proxy *proxy, uint64_t number)
{
    const struct list *head = &proxy->connections;
    for (struct list *link = head->prev; link != head; link = link->prev) {
        struct connection *connection = container_of(link, struct connection, link);
        if (connection->session.number == number && !session_is_gone(&connection->session))
            return connection;
    }
    return NULL;
}

int proxy_open(struct proxy *proxy, struct err *err)
{
    if (!proxy->plan->config.enabled || listener_is_open(&proxy->listener) ||
        proxy->listener_faults.wanted == LISTENER_CLOSED || proxy->worker->stopping)
        return 0;
    return listener_open(&proxy->listener, &proxy->plan->config, err);
}

int proxy_listen(struct proxy *proxy, struct err *err)
{
    bool was_open = listener_is_open(&proxy->listener);
    int result = proxy_open(proxy, err);
    if (!was_open && listener_is_open(&proxy->listener))
        emit_listening(proxy, EVENT_LISTENING);
    return result;
}

/* Tells which plan the proxy has from now on; NULL: none any more. Not one that never began. */
static void tell_plan(struct proxy *proxy, const struct plan *plan)
{
    struct worker *worker = proxy->worker;
    if (worker->on_plan != NULL && !proxy->plan->config.silent)
        worker->on_plan(worker->user, proxy->told_plan, plan);
    proxy->told_plan = plan;
}

void proxy_begin(struct proxy *proxy)
{
    plan_put_in_force(proxy->plan);
    tell_plan(proxy, proxy->plan);
    if (listener_is_open(&proxy->listener))
        emit_listening(proxy, EVENT_LISTENING);
    listener_faults_update(&proxy->listener_faults);
}

void proxy_drop(struct proxy *proxy)
{
    listener_close(&proxy->listener);
    proxy_close(proxy);
}

/* Whether the upstream is still probed for with this configuration. */
static bool still_probes(const struct proxy *proxy, const struct proxy_config *config)
{
    return proxy->probing && config->enabled && config->unreachable == UNREACHABLE_REFUSE &&
           address_equal(&config->upstream, &proxy->plan->config.upstream);
}

bool proxy_must_open(const struct proxy *proxy, const struct proxy_config *config, bool moves)
{
    bool stays_closed = proxy->listener_faults.wanted == LISTENER_CLOSED;
    return config->enabled && !listener_is_open(&proxy->listener) &&
           (moves || (!stays_closed && !still_probes(proxy, config)));
}

/* Puts the plan in force in place of the old one. Takes the reference. */
static void take_plan(struct proxy *proxy, struct plan *plan)
{
    struct plan *old = proxy->plan;
    proxy->plan = plan;
    plan_put_in_force(plan);
    tell_plan(proxy, plan);
    listener_faults_adopt(&proxy->listener_faults, plan);
    plan_unref(old);
}

void proxy_adopt(struct proxy *proxy, struct plan *plan, bool opened)
{
    const char *intercepted = proxy->plan->config.intercept.text;
    bool intercepts_others = strcmp(intercepted, plan->config.intercept.text) != 0;
    if (opened || !still_probes(proxy, &plan->config))
        stop_probing(proxy);
    take_plan(proxy, plan);
    if (!plan->config.enabled)
        proxy_stop_listening(proxy);
    else if (!opened && listener_is_open(&proxy->listener))
        listener_update(&proxy->listener, &plan->config);
    if (opened || (intercepts_others && listener_is_open(&proxy->listener)))
        emit_listening(proxy, EVENT_LISTENING);
    listener_faults_update(&proxy->listener_faults);
}

void proxy_change_faults(struct proxy *proxy, struct plan *plan)
{
    take_plan(proxy, plan);
    listener_faults_update(&proxy->listener_faults);
}

/* Another socket may listen on a port that is only kept. */
void proxy_vacate(struct proxy *proxy)
{
    listener_refuse(&proxy->listener);
    proxy->vacated = true;
}

/* If another program has taken the address, listener_faults tries again until it is free. */
void proxy_reoccupy(struct proxy *proxy)
{
    struct err ignored;
    proxy->vacated = false;
    MAY_FAIL(listener_open(&proxy->listener, &proxy->plan->config, &ignored));
    listener_faults_update(&proxy->listener_faults);
}

void proxy_stop_listening(struct proxy *proxy)
{
    bool stays = !proxy->closing && !proxy->worker->stopping && proxy->plan->config.enabled;
    bool was_open = listener_is_open(&proxy->listener) || proxy->vacated;
    proxy->vacated = false;
    if (!stays)
        listener_release_port(&proxy->listener);
    if (!was_open)
        return;
    if (stays)
        listener_refuse(&proxy->listener);
    else
        listener_close(&proxy->listener);
    emit_listening(proxy, EVENT_NOT_LISTENING);
}

void proxy_stop_connections(struct proxy *proxy, enum cause cause)
{
    list_for_each(link, &proxy->connections)
        session_stop(&container_of(link, struct connection, link)->session, cause);
}

void proxy_hang_up_connections(struct proxy *proxy, enum cause cause)
{
    list_for_each(link, &proxy->connections)
        session_hang_up(&container_of(link, struct connection, link)->session, cause);
}

void proxy_close(struct proxy *proxy)
{
    if (proxy->closing)
        return;
    stop_probing(proxy);
    proxy->closing = true;
    if (proxy->told_plan != NULL)
        tell_plan(proxy, NULL);
    hash_remove(&proxy->worker->names, &proxy->by_name);
    proxy_stop_listening(proxy);
    listener_faults_stop(&proxy->listener_faults);
    free_if_done(proxy);
}
