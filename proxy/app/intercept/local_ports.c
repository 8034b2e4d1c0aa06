/* SPDX-License-Identifier: MIT */
/* Ports at which somebody listens: see local_ports.h. */
#include "proxy/app/intercept/local_ports.h"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static bool local_ports_add(struct local_ports *served, const struct nlmsghdr *message)
{
    const struct inet_diag_msg *socket = NLMSG_DATA(message);
    if (served->count == LOCAL_PORTS_MAX)
        return false;
    served->ports[served->count++] = ntohs(socket->id.idiag_sport);
    return true;
}

/* The answers of one read. 0: more follow; 1: that was all; -1: failed. */
static int local_ports_take(
    struct local_ports *served, const struct nlmsghdr *message, size_t length)
{
    for (; NLMSG_OK(message, length); message = NLMSG_NEXT(message, length)) {
        if (message->nlmsg_type == NLMSG_DONE)
            return 1;
        if (message->nlmsg_type != SOCK_DIAG_BY_FAMILY || !local_ports_add(served, message))
            return -1;
    }
    return 0;
}

static bool read_family(struct local_ports *served, int fd, uint8_t family)
{
    union {
        struct nlmsghdr header;
        unsigned char bytes[16384];
    } answer;
    const struct {
        struct nlmsghdr header;
        struct inet_diag_req_v2 request;
    } request = {
        .header = {.nlmsg_len = sizeof request,
            .nlmsg_type = SOCK_DIAG_BY_FAMILY,
            .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
        .request = {.sdiag_family = family,
            .sdiag_protocol = IPPROTO_TCP,
            .idiag_states = 1u << TCP_LISTEN},
    };
    int result = 0;
    if (send(fd, &request, sizeof request, 0) != (ssize_t)sizeof request)
        return false;
    while (result == 0) {
        ssize_t n = recv(fd, &answer, sizeof answer, 0);
        result = n <= 0 ? -1 : local_ports_take(served, &answer.header, (size_t)n);
    }
    return result > 0;
}

static int local_ports_compare(const void *a, const void *b)
{
    return *(const uint16_t *)a - *(const uint16_t *)b;
}

bool local_ports_read(struct local_ports *served)
{
    served->count = 0;
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
    if (fd < 0)
        return false;
    bool known = read_family(served, fd, AF_INET) && read_family(served, fd, AF_INET6);
    close(fd);
    qsort(served->ports, served->count, sizeof served->ports[0], local_ports_compare);
    unsigned kept = 0;
    for (unsigned i = 0; i < served->count; i++)
        if (i == 0 || served->ports[i] != served->ports[i - 1])
            served->ports[kept++] = served->ports[i];
    served->count = kept;
    return known;
}
