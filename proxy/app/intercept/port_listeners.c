/* SPDX-License-Identifier: MIT */
/* Listening sockets for ports: see port_listeners.h. */
#include "proxy/app/intercept/port_listeners.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proxy/base/rng.h"
#include "proxy/net/packet_filter.h"
#include "proxy/net/worker.h"

struct port_listener {
    struct list link;
    struct port_listeners *all;
    struct poller_item item;
    struct poller_task free_task;
    struct proxy *owner; /* outlives it: port_listeners_follow */
    uint16_t port;
    int fd; /* -1: closed, as its owner's */
    bool watched, deaf;
};

static void on_event(struct poller_item *item, unsigned events)
{
    struct port_listener *listener = container_of(item, struct port_listener, item);
    struct sockaddr_storage peer;
    socklen_t size = sizeof peer;
    (void)events;
    if (!listener->watched)
        return;
    int fd = accept4(listener->fd, (struct sockaddr *)&peer, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0)
        proxy_accept_intercepted(listener->owner, fd, &peer);
}

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

static void port_listeners_watch(struct port_listener *listener, bool wanted)
{
    struct poller *poller = &listener->all->worker->poller;
    if (wanted == listener->watched)
        return;
    if (!wanted)
        poller_remove(poller, listener->fd);
    else if (poller_add_level(poller, listener->fd, &listener->item) != 0)
        return; /* tried again when it follows the next time */
    listener->watched = wanted;
}

static void shut(struct port_listener *listener)
{
    if (listener->fd < 0)
        return;
    port_listeners_watch(listener, false);
    close(listener->fd);
    listener->fd = -1;
    listener->deaf = false;
}

/* 0 or -errno. */
static int follow(struct port_listener *listener)
{
    const struct listener *owner = &listener->owner->listener;
    const struct packet_filter all = {.loss_ppb = PPB_ALL};
    if (!listener_is_open(owner)) {
        shut(listener);
        return 0;
    }
    if (listener->fd < 0) {
        int fd = listen_at(listener->all->netns, listener->port);
        if (fd < 0)
            return fd;
        listener->fd = fd;
    }
    if (listener->deaf != owner->drop_syns) {
        int result = packet_filter_attach(listener->fd, &all, owner->drop_syns ? 1 : 0);
        if (result != 0)
            return result;
        listener->deaf = owner->drop_syns;
    }
    port_listeners_watch(listener, !owner->idle);
    return 0;
}

/* The poller may still hold its item in the batch at hand. */
static void on_free(struct poller_task *task)
{
    free(container_of(task, struct port_listener, free_task));
}

static void drop(struct port_listener *listener)
{
    struct poller *poller = &listener->all->worker->poller;
    shut(listener);
    list_remove(&listener->link);
    listener->all->count--;
    if (poller_is_closed(poller))
        free(listener);
    else
        poller_soon(poller, &listener->free_task);
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

int port_listeners_add(
    struct port_listeners *listeners, uint16_t port, struct proxy *owner, struct err *err)
{
    if (has_port(listeners, port))
        return 0;
    if (listeners->count == PORT_LISTENERS_MAX)
        return err_set(
            err, "--intercept: more than %d ports, where each needs a socket", PORT_LISTENERS_MAX);
    struct port_listener *listener = calloc(1, sizeof *listener);
    if (listener == NULL)
        return err_set(err, "out of memory");
    listener->all = listeners;
    listener->item.on_event = on_event;
    listener->free_task.run = on_free;
    list_init(&listener->free_task.link);
    listener->owner = owner;
    listener->port = port;
    listener->fd = -1;
    list_append(&listeners->open, &listener->link);
    listeners->count++;
    int result = follow(listener);
    if (result != 0)
        return err_set(
            err, "--intercept: cannot listen on port %u: %s", (unsigned)port, strerror(-result));
    return 0;
}

/* Its owner is gone, or intercepts other ports now. */
static bool is_unwanted(const struct port_listener *listener)
{
    const struct destination_list *ports = &listener->owner->plan->config.intercept;
    return listener->owner->closing || !destination_list_has_port(ports, listener->port);
}

void port_listeners_follow(struct port_listeners *listeners)
{
    list_for_each_safe(link, &listeners->open)
    {
        struct port_listener *listener = container_of(link, struct port_listener, link);
        if (is_unwanted(listener))
            drop(listener);
        else
            follow(listener);
    }
}

void port_listeners_close(struct port_listeners *listeners)
{
    list_for_each_safe(link, &listeners->open) drop(container_of(link, struct port_listener, link));
}
