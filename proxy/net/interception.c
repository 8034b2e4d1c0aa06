/* SPDX-License-Identifier: MIT */
#include "proxy/net/interception.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "proxy/net/proxy.h"
#include "proxy/net/socket_endpoint.h"
#include "proxy/net/worker.h"

/* Creates one socket for both families, or for IPv4 alone on a kernel without IPv6. Sets *family.
 * Returns the descriptor or -errno. */
static int interception_make_socket(struct interception *interception, int *family)
{
    const int type = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
    *family = AF_INET6;
    int fd = interception->make_socket(interception, AF_INET6, type, 0);
    if (fd != -EAFNOSUPPORT)
        return fd;
    *family = AF_INET;
    return interception->make_socket(interception, AF_INET, type, 0);
}

/* The ports for our own sockets in the command's network. They lie above the range from which Linux
 * chooses ephemeral ports (ip_local_port_range, ip(7)), and are assigned to no service (RFC 6335,
 * section 6): a server of the command, or a listed port, needs one of them hardly ever. */
#define PORT_LAST 65535
#define PORT_FIRST 61000

/* Returns each port once before one comes again: a rule may still direct connections to the port of
 * a listener that a fault has closed. */
static uint16_t take_port(struct interception *interception)
{
    if (interception->next_port < PORT_FIRST)
        interception->next_port = PORT_LAST;
    return interception->next_port--;
}

/* Binds to all addresses, at a free port. Sets *address. 0 or -errno. */
static int bind_anywhere(struct interception *interception, int fd, int family,
    struct sockaddr_storage *address, socklen_t *address_len)
{
    const int on = 1, off = 0;
    memset(address, 0, sizeof *address); /* any address */
    address->ss_family = (sa_family_t)family;
    *address_len = family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
    if (family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) != 0)
        return -errno;
    /* A kernel without IP_TRANSPARENT has no packet filter that redirects either (port_listeners.h
     * in app). */
    setsockopt(fd, IPPROTO_IP, IP_TRANSPARENT, &on, sizeof on);
    for (int i = PORT_FIRST; i <= PORT_LAST; i++) {
        sockaddr_set_port(address, take_port(interception));
        if (bind(fd, (struct sockaddr *)address, *address_len) == 0)
            return 0;
        if (errno != EADDRINUSE)
            return -errno;
    }
    return -EADDRINUSE;
}

/* Sets the congestion control for loopback: all clients connect over the loopback device of the
 * command's network, to any address. */
static void unpace(
    int fd, const struct system_congestion *congestion, const struct proxy_config *proxy)
{
    struct sockaddr_storage loopback = {0};
    struct sockaddr_in *in = (struct sockaddr_in *)&loopback;
    in->sin_family = AF_INET;
    in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (congestion != NULL)
        congestion_unpace(congestion, fd, &loopback, proxy);
}

static int interception_refuse(const struct proxy_config *proxy, int result, struct err *err)
{
    err_set(err, "cannot intercept %s: %s", proxy->intercept.text, strerror(-result));
    return result;
}

int interception_listen(struct interception *interception,
    const struct system_congestion *congestion, const struct proxy_config *proxy,
    struct sockaddr_storage *address, socklen_t *address_len, struct err *err)
{
    int family;
    if (interception == NULL) {
        err_set(err, "cannot intercept %s: only exec can, for the command that it runs",
            proxy->intercept.text);
        return -EOPNOTSUPP;
    }
    int fd = interception_make_socket(interception, &family);
    if (fd < 0)
        return interception_refuse(proxy, fd, err);
    unpace(fd, congestion, proxy);
    int result = bind_anywhere(interception, fd, family, address, address_len);
    if (result == 0)
        result = socket_set_options(fd, family, proxy);
    if (result == 0 && listen(fd, (int)proxy->backlog) != 0)
        result = -errno;
    if (result == 0)
        return fd;
    close(fd);
    return interception_refuse(proxy, result, err);
}

static bool is_named(const struct dialled *dialled, const char *name, size_t length)
{
    const struct worker *worker = dialled->user;
    return name_cache_has(&worker->interception->names, name, length, dialled->address);
}

struct dialled interception_dialled(
    const struct worker *worker, const struct sockaddr_storage *address)
{
    return (struct dialled){.address = address, .is_named = is_named, .user = worker};
}

static bool is_name_server(const struct interception *interception, const struct dialled *dialled)
{
    const struct destination_list *servers = &interception->name_servers;
    return servers->count > 0 && destination_list_has(servers, dialled);
}

struct proxy *interception_choose(struct proxy *listening, const struct sockaddr_storage *address)
{
    struct worker *worker = listening->worker;
    const struct interception *interception = worker->interception;
    const struct dialled dialled = interception_dialled(worker, address);
    if (listening->plan->config.silent)
        return is_name_server(interception, &dialled) ? interception->passing : listening;
    list_for_each(link, &worker->proxies)
    {
        struct proxy *proxy = container_of(link, struct proxy, link);
        if (proxy_intercepts(proxy) &&
            destination_list_has(&proxy->plan->config.intercept, &dialled))
            return proxy;
    }
    return interception->passing;
}
