/* SPDX-License-Identifier: MIT */
/*
 * The usual case: the socket is watched level-triggered, and each turn accepts as many connections
 * as the turn has events. So one connection alone costs no second accept() to learn that it was the
 * only one, and a crowd of them never delays the open connections.
 *
 * If descriptors or memory run out, accept() is tried again later: a listener survives a passing
 * shortage. A client that gave up while it waited (ECONNABORTED and the network errors listed in
 * accept(2)) is skipped.
 */
#include "proxy/net/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/un.h>
#include <unistd.h>

#include "proxy/base/listen.h"
#include "proxy/base/must_check.h"
#include "proxy/base/rng.h"
#include "proxy/net/interception.h"
#include "proxy/net/kept_port.h"
#include "proxy/net/listen_address.h"
#include "proxy/net/packet_filter.h"
#include "proxy/net/socket_endpoint.h"

#define ACCEPT_RETRY_US (100 * US_PER_MS)
/* Accepting counts as recovered after this time without a failure. */
#define ACCEPT_CALM_US US_PER_S

/* Starts or stops watching the socket: not while it is paused, or waits to try accept() again. */
static void listener_watch(struct listener *listener)
{
    bool wanted = listener->fd >= 0 && !listener->paused && !listener->retrying;
    if (wanted == listener->watched)
        return;
    if (!wanted)
        poller_remove(listener->poller, listener->fd);
    else if (poller_add_level(listener->poller, listener->fd, &listener->item) != 0) {
        listener->retrying = true;
        timer_set(
            listener->timers, &listener->retry_timer, time_add(timers_now(), ACCEPT_RETRY_US));
        return;
    }
    listener->watched = wanted;
}

static void retry_later(struct listener *listener, int errnum)
{
    bool first = !listener->failing;
    listener->retrying = listener->failing = true;
    timer_set(listener->timers, &listener->retry_timer, time_add(timers_now(), ACCEPT_RETRY_US));
    listener_watch(listener);
    if (first)
        listener->calls->on_accept_failed(listener, errnum);
}

static void take_reserve(struct listener *listener)
{
    if (listener->has_reserve && listener->reserve_fd < 0)
        listener->reserve_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void drop_reserve(struct listener *listener)
{
    if (listener->reserve_fd >= 0)
        close(listener->reserve_fd);
    listener->reserve_fd = -1;
}

void listener_keep_reserve(struct listener *listener)
{
    listener->has_reserve = true;
    take_reserve(listener);
}

static int accept_client(
    struct listener *listener, struct sockaddr_storage *peer, socklen_t *peer_len)
{
    const int flags = SOCK_NONBLOCK | SOCK_CLOEXEC;
    struct listener *keeper = listener->keeper;
    int fd = accept4(listener->fd, (struct sockaddr *)peer, peer_len, flags);
    if (fd >= 0 || keeper->reserve_fd < 0 || (errno != EMFILE && errno != ENFILE))
        return fd;
    drop_reserve(keeper);
    *peer_len = sizeof *peer;
    return accept4(listener->fd, (struct sockaddr *)peer, peer_len, flags);
}

/* A fault may close the listener, or pause it, in the middle of a batch of events. */
static void on_event(struct poller_item *item, unsigned events)
{
    (void)events;
    struct listener *listener = container_of(item, struct listener, item);
    for (int i = 0; i < listener->poller->batch && listener->watched; i++) {
        struct sockaddr_storage peer;
        socklen_t peer_len = sizeof peer;
        int fd = accept_client(listener, &peer, &peer_len);
        if (fd >= 0) {
            take_reserve(listener->keeper);
            listener->calls->on_accept(listener, fd, &peer, peer_len);
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            return;
        } else if (!accept_error_is_of_client(errno)) {
            retry_later(listener, errno);
            return;
        }
    }
}

static void on_retry_timer(struct timer *timer)
{
    struct listener *listener = container_of(timer, struct listener, retry_timer);
    bool tried = !listener->retrying;
    listener->retrying = false;
    take_reserve(listener->keeper);
    listener_watch(listener);
    if (!listener->failing)
        return;
    if (!tried) {
        timer_set(listener->timers, timer, time_add(timers_now(), ACCEPT_CALM_US));
        return;
    }
    listener->failing = false;
    listener->calls->on_accept_recovered(listener);
}

int listener_init(struct listener *listener, struct poller *poller, struct timers *timers,
    const struct system_congestion *congestion, const struct listener_calls *calls)
{
    *listener = (struct listener){
        .calls = calls,
        .poller = poller,
        .timers = timers,
        .congestion = congestion,
        .item.on_event = on_event,
        .fd = -1,
        .port_fd = -1,
        .reserve_fd = -1,
        .keeper = listener,
    };
    return timer_init(timers, &listener->retry_timer, on_retry_timer);
}

/* The second socket of a listener on `localhost`. Connections it accepts are reported as its
 * owner's. */
struct listener_twin {
    struct listener listener;
    struct listener *owner;
    struct poller_task free_task;
};

static void on_twin_accept(
    struct listener *listener, int fd, const struct sockaddr_storage *peer, socklen_t peer_len)
{
    struct listener *owner = container_of(listener, struct listener_twin, listener)->owner;
    owner->calls->on_accept(owner, fd, peer, peer_len);
}

static void on_twin_accept_failed(struct listener *listener, int errnum)
{
    struct listener *owner = container_of(listener, struct listener_twin, listener)->owner;
    owner->calls->on_accept_failed(owner, errnum);
}

static void on_twin_accept_recovered(struct listener *listener)
{
    struct listener *owner = container_of(listener, struct listener_twin, listener)->owner;
    owner->calls->on_accept_recovered(owner);
}

static const struct listener_calls twin_calls = {
    .on_accept = on_twin_accept,
    .on_accept_failed = on_twin_accept_failed,
    .on_accept_recovered = on_twin_accept_recovered,
};

/* Runs in a later turn, because the poller may still hold the item in its current batch. */
static void on_free_twin(struct poller_task *task)
{
    free(container_of(task, struct listener_twin, free_task));
}

static struct listener_twin *twin_new(struct listener *owner)
{
    struct listener_twin *twin = calloc(1, sizeof *twin);
    if (twin == NULL)
        return NULL;
    twin->owner = owner;
    twin->free_task.run = on_free_twin;
    list_init(&twin->free_task.link);
    if (listener_init(
            &twin->listener, owner->poller, owner->timers, owner->congestion, &twin_calls) != 0) {
        free(twin);
        return NULL;
    }
    twin->listener.keeper = owner;
    return twin;
}

/* Opens ::1 too. Without it (no IPv6, or the port is taken), 127.0.0.1 alone is enough. */
static void open_twin(struct listener *listener, const struct proxy_config *proxy)
{
    struct proxy_config config = *proxy;
    struct err ignored;
    if (!listen_address_is_localhost(&proxy->listen) || listener->address.ss_family != AF_INET)
        return;
    if (listener->twin == NULL)
        listener->twin = twin_new(listener);
    if (listener->twin == NULL)
        return;
    config.listen = (struct address){.kind = ADDRESS_IP, .host = "::1"};
    config.listen.port = sockaddr_port(&listener->address);
    if (sockaddr_port(&listener->twin->listener.address) != config.listen.port)
        listener_forget_address(&listener->twin->listener);
    /* on failure only IPv4 */
    MAY_FAIL(listener_open(&listener->twin->listener, &config, &ignored));
}

static void free_twin(struct listener *listener)
{
    struct listener_twin *twin = listener->twin;
    listener->twin = NULL;
    if (twin == NULL)
        return;
    listener_deinit(&twin->listener);
    if (poller_is_closed(listener->poller))
        free(twin);
    else
        poller_soon(listener->poller, &twin->free_task);
}

void listener_deinit(struct listener *listener)
{
    free_twin(listener);
    listener_close(listener);
    listener_release_port(listener);
    drop_reserve(listener);
    timer_deinit(listener->timers, &listener->retry_timer);
}

void listener_forget_address(struct listener *listener)
{
    listener_release_port(listener);
    listener->address_len = 0;
}

void listener_release_port(struct listener *listener)
{
    if (listener->port_fd >= 0)
        close(listener->port_fd);
    listener->port_fd = -1;
    if (listener->twin != NULL)
        listener_release_port(&listener->twin->listener);
}

/* Sets options on a listening socket; accepted sockets inherit them. */
static int set_options(struct listener *listener, int fd, const struct proxy_config *proxy)
{
    bool was_unpaced = listener->unpaced;
    listener->unpaced = listener->congestion != NULL &&
                        congestion_unpace(listener->congestion, fd, &listener->address, proxy);
    if (was_unpaced && !listener->unpaced)
        congestion_restore(listener->congestion, fd);
    return socket_set_options(fd, listener->address.ss_family, proxy);
}

static int bind_to_address(struct listener *listener, int fd, const struct proxy_config *proxy)
{
    int family = listener->address.ss_family;
    bool is_chosen = family != AF_UNIX && sockaddr_port(&listener->address) == 0;
    if (family == AF_UNIX)
        listen_address_remove_stale(&listener->address, listener->address_len);
    int result = set_options(listener, fd, proxy);
    if (result != 0)
        return result;
    kept_port_take_both_families(fd, &listener->address);
    result = bind_and_listen(fd, &listener->address, listener->address_len, (int)proxy->backlog);
    if (result != 0)
        return result;
    listener->port_is_chosen = is_chosen;
    listener->address_len = sizeof listener->address;
    return getsockname(fd, (struct sockaddr *)&listener->address, &listener->address_len) == 0
               ? 0
               : -errno;
}

static int listen_on_new_socket(struct listener *listener, const struct proxy_config *proxy)
{
    int fd = socket(listener->address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    listener->unpaced = false;
    int result = bind_to_address(listener, fd, proxy);
    if (result == 0)
        listener->fd = fd;
    else
        close(fd);
    return result;
}

/* Needs no right to bind: with `user`, root may be given up by now. */
static int listen_on_kept_port(struct listener *listener, const struct proxy_config *proxy)
{
    int result = set_options(listener, listener->port_fd, proxy);
    if (result == 0 && listen(listener->port_fd, (int)proxy->backlog) != 0)
        result = -errno;
    if (result != 0)
        return result;
    listener->fd = listener->port_fd;
    listener->port_fd = -1;
    listener->port_is_chosen = false; /* this socket was bound to its number */
    return 0;
}

void listener_take(struct listener *listener, int fd)
{
    listener->fd = fd;
    listener_watch(listener);
}

static int open_intercepting(
    struct listener *listener, const struct proxy_config *proxy, struct err *err)
{
    int fd = interception_listen(listener->interception, listener->congestion, proxy,
        &listener->address, &listener->address_len, err);
    if (fd < 0) {
        listener->errnum = -fd;
        return -1;
    }
    listener_take(listener, fd);
    return 0;
}

int listener_open(struct listener *listener, const struct proxy_config *proxy, struct err *err)
{
    char text[2 * ADDRESS_TEXT_MAX];
    listener->errnum = 0;
    listener->intercepts = proxy_config_intercepts(proxy);
    if (listener->intercepts)
        return open_intercepting(listener, proxy, err);
    if (listener->address_len == 0 && listen_address_resolve(&proxy->listen, listener->resolver,
                                          &listener->address, &listener->address_len, err) != 0)
        return -1;
    listen_address_describe(
        &proxy->listen, &listener->address, listener->address_len, text, sizeof text);
    int result = listener->port_fd >= 0 ? listen_on_kept_port(listener, proxy)
                                        : listen_on_new_socket(listener, proxy);
    if (result != 0) {
        listener->errnum = -result;
        return err_set(err, "cannot listen on %s: %s", text, socket_options_error(result));
    }
    listener_watch(listener);
    open_twin(listener, proxy);
    if (!listen_address_is_localhost(&proxy->listen) && listener->twin != NULL)
        listener_release_port(&listener->twin->listener);
    return 0;
}

void listener_update(struct listener *listener, const struct proxy_config *proxy)
{
    if (!proxy_config_intercepts(proxy))
        set_options(listener, listener->fd, proxy);
    listen(listener->fd, (int)proxy->backlog);
    struct listener *twin = listener->twin == NULL ? NULL : &listener->twin->listener;
    if (twin == NULL || !listener_is_open(twin))
        open_twin(listener, proxy);
    else if (listen_address_is_localhost(&proxy->listen))
        listener_update(twin, proxy);
    else
        listener_close(twin);
}

void listener_set_paused(struct listener *listener, bool paused)
{
    listener->paused = paused;
    listener_watch(listener);
    if (listener->twin != NULL)
        listener_set_paused(&listener->twin->listener, paused);
}

int listener_set_drop_syns(struct listener *listener, bool drop_syns)
{
    const struct packet_filter all = {.loss_ppb = PPB_ALL};
    int result = 0;
    if (listener->twin != NULL)
        result = listener_set_drop_syns(&listener->twin->listener, drop_syns);
    if (result != 0 || listener->fd < 0 || listener->drop_syns == drop_syns)
        return result;
    result = packet_filter_attach(listener->fd, &all, drop_syns ? 1 : 0);
    if (result == 0)
        listener->drop_syns = drop_syns;
    return result;
}

/* The socket is no longer the listener's. */
static void listener_drop_socket(struct listener *listener)
{
    timer_set(listener->timers, &listener->retry_timer, TIME_NEVER);
    listener->fd = -1;
    listener->watched = listener->retrying = listener->failing = false;
    listener->paused = listener->drop_syns = false;
}

void listener_close(struct listener *listener)
{
    if (listener->twin != NULL)
        listener_close(&listener->twin->listener);
    if (listener->fd < 0)
        return;
    close(listener->fd);
    listener_drop_socket(listener);
    if (listener->address.ss_family == AF_UNIX)
        unlink(((struct sockaddr_un *)&listener->address)->sun_path);
}

/* Makes the listening socket the one that keeps the port. Returns whether it could. */
static bool listener_stop_listening(struct listener *listener)
{
    if (listener->port_is_chosen || listener_set_drop_syns(listener, false) != 0)
        return false;
    if (listener->watched)
        poller_remove(listener->poller, listener->fd);
    listener->watched = false;
    if (kept_port_stop_listening(listener->fd) != 0)
        return false;
    listener->port_fd = listener->fd;
    listener_drop_socket(listener);
    return true;
}

static void refuse(struct listener *listener)
{
    bool keeps = listener->address.ss_family != AF_UNIX && !listener->intercepts;
    if (!listener_is_open(listener) || (keeps && listener_stop_listening(listener)))
        return;
    listener_close(listener);
    if (keeps && listener->port_fd < 0) {
        listener->port_fd = kept_port_bind(&listener->address, listener->address_len);
        listener->unpaced = false;
    }
}

void listener_refuse(struct listener *listener)
{
    if (listener->twin != NULL)
        refuse(&listener->twin->listener);
    refuse(listener);
}
