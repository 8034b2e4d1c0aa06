/* SPDX-License-Identifier: MIT */
/* Ports at which somebody listens: see local_ports.h. */
#include "proxy/app/intercept/local_ports.h"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

/* A bit for each port. Many sockets may listen on one port. */
struct port_set {
    unsigned char bits[(UINT16_MAX + 1) / 8];
};

static void port_set_add(struct port_set *set, const struct nlmsghdr *message)
{
    const struct inet_diag_msg *socket = NLMSG_DATA(message);
    unsigned port = ntohs(socket->id.idiag_sport);
    set->bits[port / 8] |= (unsigned char)(1u << port % 8);
}

static bool port_set_has(const struct port_set *set, unsigned port)
{
    return (set->bits[port / 8] >> port % 8 & 1) != 0;
}

/* The answers of one read. 0: more follow; 1: that was all; -1: failed. */
static int local_ports_take(struct port_set *served, const struct nlmsghdr *message, size_t length)
{
    for (; NLMSG_OK(message, length); message = NLMSG_NEXT(message, length)) {
        if (message->nlmsg_type == NLMSG_DONE)
            return 1;
        if (message->nlmsg_type != SOCK_DIAG_BY_FAMILY)
            return -1;
        port_set_add(served, message);
    }
    return 0;
}

static bool read_family(struct port_set *served, int fd, uint8_t family)
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

static void local_ports_list(struct local_ports *served, const struct port_set *set)
{
    for (unsigned port = 0; port <= UINT16_MAX; port++) {
        if (!port_set_has(set, port))
            continue;
        served->too_many = served->count == LOCAL_PORTS_MAX;
        if (served->too_many)
            return;
        served->ports[served->count++] = (uint16_t)port;
    }
}

bool local_ports_read(struct local_ports *served)
{
    struct port_set set = {0};
    served->count = 0;
    served->too_many = false;
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
    if (fd < 0)
        return false;
    bool known = read_family(&set, fd, AF_INET) && read_family(&set, fd, AF_INET6);
    close(fd);
    local_ports_list(served, &set);
    return known && !served->too_many;
}
