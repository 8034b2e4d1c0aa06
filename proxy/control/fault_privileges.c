/* SPDX-License-Identifier: MIT */
/*
 * Privileges are tested on a temporary socket, because the capability that is needed differs
 * between kernels and between user namespaces.
 */
#include "proxy/control/fault_privileges.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proxy/base/side.h"
#include "proxy/net/packet_filter.h"

/* Tests repair mode, for `vanish`. The kernel decides in tcp_can_repair_sock(). */
static int try_repair(int fd)
{
    const int on = 1;
    return setsockopt(fd, IPPROTO_TCP, TCP_REPAIR, &on, sizeof on) == 0 ? 0 : -errno;
}

static int try_filter(int fd)
{
    const struct packet_filter all = {.loss_ppb = 1000000000, .only = PACKET_ALL};
    return packet_filter_attach(fd, &all, 1);
}

/* Creates a TCP socket like one that a fault acts on. A client socket of an intercepting proxy
 * belongs to the command's network, where rudeproxy has every privilege. */
static int privilege_make_socket(struct interception *network)
{
    if (network != NULL)
        return network->make_socket(network, AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return fd < 0 ? -errno : fd;
}

/* `network`: where the socket is; NULL: rudeproxy's own network. */
static int try_fault(const struct fault_type *type, struct interception *network)
{
    int fd = privilege_make_socket(network);
    if (fd < 0)
        return fd;
    int result = type->group == GROUP_PACKET ? try_filter(fd) : try_repair(fd);
    close(fd);
    return result;
}

static bool uses_server_side(const struct fault *fault)
{
    return (fault->sides & SERVER_BIT) != 0;
}

static int privilege_refuse(const struct fault *fault, bool intercepts, int errnum, struct err *err)
{
    if (intercepts)
        return err_set(err,
            "[fault %s] type = %s needs CAP_NET_ADMIN towards the server: %s; run as root, or "
            "write "
            "side = client, which needs no right where connections are intercepted",
            fault->name, fault->type->name, strerror(errnum));
    return err_set(err,
        "[fault %s] type = %s needs CAP_NET_ADMIN: %s; run as root, or in a network of its own: "
        "rudeproxy exec --private-network -c FILE -- CMD",
        fault->name, fault->type->name, strerror(errnum));
}

int fault_privileges_check_one(const struct fault *fault, const struct proxy_config *proxy,
    struct interception *interception, struct err *err)
{
    bool intercepts = proxy_config_intercepts(proxy) && interception != NULL;
    int result = 0;
    if (!fault->enabled || !fault->type->needs_net_admin)
        return 0;
    if (intercepts)
        result = try_fault(fault->type, interception);
    if (result == 0 && (!intercepts || uses_server_side(fault)))
        result = try_fault(fault->type, NULL);
    return result == 0 ? 0 : privilege_refuse(fault, intercepts, -result, err);
}

int fault_privileges_check(
    const struct config *config, struct interception *interception, struct err *err)
{
    /* A proxy that the API adds later. */
    static const struct proxy_config of_api;
    for (size_t i = 0; i < config->fault_count; i++) {
        if (config->proxy_count == 0 &&
            fault_privileges_check_one(&config->faults[i], &of_api, interception, err) != 0)
            return -1;
        for (size_t k = 0; k < config->proxy_count; k++)
            if (fault_names_proxy(&config->faults[i], config->proxies[k].name) &&
                fault_privileges_check_one(
                    &config->faults[i], &config->proxies[k], interception, err) != 0)
                return -1;
    }
    return 0;
}
