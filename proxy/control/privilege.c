/* SPDX-License-Identifier: MIT */
/*
 * Asked by doing it, on a socket of our own that is thrown away: which capability stands for what
 * differs between kernels and between user namespaces, whether it works does not.
 */
#include "proxy/control/privilege.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proxy/net/packet_filter.h"

/* For `vanish`; the kernel asks tcp_can_repair_sock(). */
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

static int try_fault(const struct fault_type *type)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    int result = type->group == GROUP_PACKET ? try_filter(fd) : try_repair(fd);
    close(fd);
    return result;
}

int privilege_check_fault(const struct fault *fault, struct err *err)
{
    if (!fault->enabled || !fault->type->needs_net_admin)
        return 0;
    int result = try_fault(fault->type);
    if (result != 0)
        return err_set(err,
            "[fault %s] type = %s needs CAP_NET_ADMIN: %s; run as root, or in a network of its "
            "own: "
            "rudeproxy exec --private-network -c FILE -- CMD",
            fault->name, fault->type->name, strerror(-result));
    return 0;
}

int privilege_check(const struct config *config, struct err *err)
{
    for (size_t i = 0; i < config->fault_count; i++)
        if (privilege_check_fault(&config->faults[i], err) != 0)
            return -1;
    return 0;
}
