/* SPDX-License-Identifier: MIT */
/* Listening sockets for ports: see port_listeners.h. */
#include "proxy/app/intercept/port_listeners.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proxy/net/worker.h"

struct port_listener {
    struct list link;
    struct port_listeners *all;
    struct listener listener;
    struct poller_task free_task;
    struct proxy *owner; /* may be gone: has_owner() */
    uint16_t port;
};

/* A proxy is freed in the turn in which it is closed, before its ports follow. */
static bool has_owner(const struct port_listener *port)
{
    list_for_each(link, &port->all->worker->proxies)
    {
        if (container_of(link, struct proxy, link) == port->owner)
            return !port->owner->closing;
    }
    return false;
}

static void on_accept(
    struct listener *listener, int fd, const struct sockaddr_storage *peer, socklen_t peer_len)
{
    struct port_listener *port = container_of(listener, struct port_listener, listener);
    (void)peer_len;
    if (has_owner(port))
        proxy_accept_intercepted(port->owner, fd, peer);
    else
        close(fd);
}

static void on_accept_failed(struct listener *listener, int errnum)
{
    struct port_listener *port = container_of(listener, struct port_listener, listener);
    if (has_owner(port))
        port->owner->listener.calls->on_accept_failed(&port->owner->listener, errnum);
}

static void on_accept_recovered(struct listener *listener)
{
    struct port_listener *port = container_of(listener, struct port_listener, listener);
    if (has_owner(port))
        port->owner->listener.calls->on_accept_recovered(&port->owner->listener);
}

static const struct listener_calls port_listener_calls = {
    .on_accept = on_accept,
    .on_accept_failed = on_accept_failed,
    .on_accept_recovered = on_accept_recovered,
};

static int listen_at(struct netns *netns, uint16_t port)
{
    const int on = 1, off = 0;
    struct sockaddr_in6 any6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(port)};
    int fd = netns_socket(netns, AF_INET6, SOCK_STREAM | SOCK_NONBLOCK, 0);
    bool is_ipv6 = fd != -EAFNOSUPPORT;
    if (!is_ipv6)
        fd = netns_socket(netns, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return fd;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    if ((is_ipv6 ? bind(fd, (struct sockaddr *)&any6, sizeof any6)
                 : bind(fd, (struct sockaddr *)&any, sizeof any)) == 0 &&
        listen(fd, SOMAXCONN) == 0)
        return fd;
    int result = -errno;
    close(fd);
    return result;
}

/* The holder of the network may still have its copy of the socket, and epoll(7) forgets a socket
 * only when all are closed: so the poller forgets it first. */
static void shut(struct port_listener *port)
{
    listener_set_paused(&port->listener, true);
    listener_close(&port->listener);
}

/* 0 or -errno. */
static int follow(struct port_listener *port)
{
    const struct listener *owner = &port->owner->listener;
    if (!listener_is_open(owner)) {
        shut(port);
        return 0;
    }
    if (!listener_is_open(&port->listener)) {
        int fd = listen_at(port->all->netns, port->port);
        if (fd < 0)
            return fd;
        listener_take(&port->listener, fd);
    }
    listener_set_paused(&port->listener, owner->paused);
    return listener_set_drop_syns(&port->listener, owner->drop_syns);
}

/* The poller may still hold the listener in the batch at hand. */
static void on_free(struct poller_task *task)
{
    free(container_of(task, struct port_listener, free_task));
}

static void drop(struct port_listener *port)
{
    struct poller *poller = &port->all->worker->poller;
    shut(port);
    listener_deinit(&port->listener);
    list_remove(&port->link);
    port->all->count--;
    if (poller_is_closed(poller))
        free(port);
    else
        poller_soon(poller, &port->free_task);
}

void port_listeners_init(
    struct port_listeners *listeners, struct worker *worker, struct netns *netns)
{
    *listeners = (struct port_listeners){.worker = worker, .netns = netns};
    list_init(&listeners->open);
}

static bool has_port(const struct port_listeners *listeners, uint16_t port)
{
    list_for_each(
        link, &listeners->open) if (container_of(link, struct port_listener, link)->port ==
                                    port) return true;
    return false;
}

static struct port_listener *port_listener_new(
    struct port_listeners *listeners, uint16_t port, struct proxy *owner)
{
    struct worker *worker = listeners->worker;
    struct port_listener *added = calloc(1, sizeof *added);
    if (added == NULL)
        return NULL;
    if (listener_init(
            &added->listener, &worker->poller, &worker->timers, NULL, &port_listener_calls) != 0) {
        free(added);
        return NULL;
    }
    added->all = listeners;
    added->free_task.run = on_free;
    list_init(&added->free_task.link);
    added->owner = owner;
    added->port = port;
    list_append(&listeners->open, &added->link);
    listeners->count++;
    return added;
}

int port_listeners_add(
    struct port_listeners *listeners, uint16_t port, struct proxy *owner, struct err *err)
{
    if (has_port(listeners, port))
        return 0;
    if (listeners->count == PORT_LISTENERS_MAX)
        return err_set(
            err, "--intercept: more than %d ports, where each needs a socket", PORT_LISTENERS_MAX);
    struct port_listener *added = port_listener_new(listeners, port, owner);
    if (added == NULL)
        return err_set(err, "out of memory");
    int result = follow(added);
    if (result != 0)
        return err_set(
            err, "--intercept: cannot listen on port %u: %s", (unsigned)port, strerror(-result));
    return 0;
}

/* Its owner is gone, or intercepts other ports now. */
static bool is_unwanted(const struct port_listener *port)
{
    return !has_owner(port) ||
           !destination_list_has_port(&port->owner->plan->config.intercept, port->port);
}

void port_listeners_follow(struct port_listeners *listeners)
{
    list_for_each_safe(link, &listeners->open)
    {
        struct port_listener *port = container_of(link, struct port_listener, link);
        if (is_unwanted(port))
            drop(port);
        else
            follow(port); /* on failure it tries again the next time */
    }
}

void port_listeners_close(struct port_listeners *listeners)
{
    list_for_each_safe(link, &listeners->open) drop(container_of(link, struct port_listener, link));
}
