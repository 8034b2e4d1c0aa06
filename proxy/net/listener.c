/* SPDX-License-Identifier: MIT */
/*
 * Happy path: the socket is watched level-triggered, and each turn takes as many connections as the
 * turn has events: one when nothing else happens, without a second call to learn that it was the
 * only one; many when there is a crowd, but never so many that open connections have to wait.
 *
 * When the process is out of descriptors or memory, accepting pauses and tries again: a listener never
 * dies of a passing shortage. A client that gave up while it waited (ECONNABORTED and the network
 * errors that accept(2) lists) is skipped.
 */
#include "proxy/net/listener.h"

#include <errno.h>
#include <netdb.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "proxy/base/rng.h"
#include "proxy/net/packet_filter.h"
#include "proxy/net/socket_endpoint.h"

#define ACCEPT_PAUSE_US (100 * US_PER_MS)

static bool is_shortage(int errnum)
{
    return errnum == EMFILE || errnum == ENFILE || errnum == ENOBUFS || errnum == ENOMEM;
}

/* Brings the watching up to date: not while it is idle, not in a pause. */
static void watch(struct listener *listener)
{
    bool wanted = listener->fd >= 0 && !listener->idle && listener->pause.at == TIME_NEVER;
    if (wanted == listener->watched)
        return;
    if (!wanted)
        poller_remove(listener->poller, listener->fd);
    else if (poller_add_level(listener->poller, listener->fd, &listener->item) != 0) {
        timer_set(listener->timers, &listener->pause, time_add(timers_now(), ACCEPT_PAUSE_US));
        return;
    }
    listener->watched = wanted;
}

static void pause_accepting(struct listener *listener, int errnum)
{
    timer_set(listener->timers, &listener->pause, time_add(timers_now(), ACCEPT_PAUSE_US));
    watch(listener);
    listener->calls->on_accept_failed(listener, errnum);
}

/* A fault may close it, or make it idle, in the middle of a batch of events. */
static void on_event(struct poller_item *item, unsigned events)
{
    (void)events;
    struct listener *listener = container_of(item, struct listener, item);
    for (int i = 0; i < listener->poller->batch && listener->watched; i++) {
        struct sockaddr_storage peer;
        socklen_t peer_len = sizeof peer;
        int fd = accept4(
            listener->fd, (struct sockaddr *)&peer, &peer_len, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            listener->calls->on_accept(listener, fd, &peer, peer_len);
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            return;
        } else if (is_shortage(errno)) {
            pause_accepting(listener, errno);
            return;
        }
    }
}

static void on_pause_over(struct timer *timer)
{
    watch(container_of(timer, struct listener, pause));
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
    };
    return timer_init(timers, &listener->pause, on_pause_over);
}

void listener_deinit(struct listener *listener)
{
    listener_close(listener);
    listener_release_port(listener);
    timer_deinit(listener->timers, &listener->pause);
}

static int resolve_name(
    const struct address *address, struct sockaddr_storage *out, socklen_t *len, struct err *err)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    struct addrinfo *list = NULL;
    int result = getaddrinfo(address->host, NULL, &hints, &list);
    if (result != 0)
        return err_set(err, "cannot resolve %s: %s", address->host, gai_strerror(result));
    memcpy(out, list->ai_addr, list->ai_addrlen);
    *len = list->ai_addrlen;
    freeaddrinfo(list);
    /* sin_port and sin6_port lie at the same place */
    ((struct sockaddr_in *)out)->sin_port = htons(address->port);
    return 0;
}

int listener_resolve(
    const struct address *address, struct sockaddr_storage *out, socklen_t *len, struct err *err)
{
    if (address->kind == ADDRESS_NAME)
        return resolve_name(address, out, len, err);
    if (address->kind == ADDRESS_NOWHERE)
        return err_set(err, "cannot listen on '%s': it is no address", address->host);
    *len = address_to_sockaddr(address, out);
    return 0;
}

void listener_forget_address(struct listener *listener)
{
    listener->address_len = 0;
}

/* A socket file that nobody listens on any more is in the way of bind(): a crashed run left it. */
static void remove_stale_socket(const struct sockaddr_storage *address, socklen_t len)
{
    const char *path = ((const struct sockaddr_un *)address)->sun_path;
    struct stat status;
    if (stat(path, &status) != 0 || !S_ISSOCK(status.st_mode))
        return;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)address, len) != 0 && errno == ECONNREFUSED)
        unlink(path);
    if (fd >= 0)
        close(fd);
}

/* Two sockets with SO_REUSEADDR may be bound to one port while neither listens, so this comes between
 * bind() and listen(). Without it, all goes well unless another program asks for any free port just
 * while we refuse. */
static void keep_port(struct listener *listener)
{
    const int on = 1;
    int family = listener->address.ss_family;
    if (listener->port_fd >= 0 || family == AF_UNIX)
        return;
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        bind(fd, (struct sockaddr *)&listener->address, listener->address_len) != 0) {
        close(fd);
        return;
    }
    listener->port_fd = fd;
}

void listener_release_port(struct listener *listener)
{
    if (listener->port_fd >= 0)
        close(listener->port_fd);
    listener->port_fd = -1;
}

/* The accepted ones inherit all of it. */
static int set_options(struct listener *listener, int fd, const struct proxy_config *proxy)
{
    bool was_unpaced = listener->unpaced;
    listener->unpaced = listener->congestion != NULL &&
                        congestion_unpace(listener->congestion, fd, &listener->address, proxy);
    if (was_unpaced && !listener->unpaced)
        congestion_restore(listener->congestion, fd);
    return socket_set_options(fd, listener->address.ss_family, proxy);
}

static int bind_and_listen(struct listener *listener, int fd, const struct proxy_config *proxy)
{
    const int on = 1;
    int family = listener->address.ss_family;
    if (family == AF_UNIX)
        remove_stale_socket(&listener->address, listener->address_len);
    else if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0)
        return -errno;
    int result = set_options(listener, fd, proxy);
    if (result != 0)
        return result;
    if (bind(fd, (struct sockaddr *)&listener->address, listener->address_len) != 0)
        return -errno;
    listener->address_len = sizeof listener->address;
    if (getsockname(fd, (struct sockaddr *)&listener->address, &listener->address_len) != 0)
        return -errno;
    keep_port(listener);
    return listen(fd, (int)proxy->backlog) == 0 ? 0 : -errno;
}

int listener_open(struct listener *listener, const struct proxy_config *proxy, struct err *err)
{
    char text[ADDRESS_TEXT_MAX];
    address_format(&proxy->listen, text, sizeof text);
    listener->errnum = 0;
    if (listener->address_len == 0 &&
        listener_resolve(&proxy->listen, &listener->address, &listener->address_len, err) != 0)
        return -1;
    int fd = socket(listener->address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        listener->errnum = errno;
        return err_set(err, "cannot make a socket for %s: %s", text, strerror(errno));
    }
    listener->unpaced = false;
    int result = bind_and_listen(listener, fd, proxy);
    if (result != 0) {
        close(fd);
        listener->errnum = -result;
        return err_set(err, "cannot listen on %s: %s", text,
            result == -ERANGE ? "rcvbuf or sndbuf is more than net.core.rmem_max or wmem_max allows"
                              : strerror(-result));
    }
    listener->fd = fd;
    watch(listener);
    return 0;
}

void listener_update(struct listener *listener, const struct proxy_config *proxy)
{
    set_options(listener, listener->fd, proxy);
    listen(listener->fd, (int)proxy->backlog);
}

void listener_set_idle(struct listener *listener, bool idle)
{
    listener->idle = idle;
    watch(listener);
}

void listener_set_deaf(struct listener *listener, bool drop_syns)
{
    const struct packet_filter all = {.loss_ppb = PPB_ALL};
    if (listener->fd < 0 || listener->drop_syns == drop_syns)
        return;
    listener->drop_syns = drop_syns;
    packet_filter_attach(listener->fd, &all, drop_syns ? 1 : 0);
}

void listener_close(struct listener *listener)
{
    if (listener->fd < 0)
        return;
    timer_set(listener->timers, &listener->pause, TIME_NEVER);
    close(listener->fd);
    listener->fd = -1;
    listener->watched = false;
    listener->idle = listener->drop_syns = false;
    if (listener->address.ss_family == AF_UNIX)
        unlink(((struct sockaddr_un *)&listener->address)->sun_path);
}
