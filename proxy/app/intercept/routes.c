/* SPDX-License-Identifier: MIT */
/* The routes of the command's network: see routes.h. */
#include "proxy/app/intercept/routes.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proxy/app/intercept/netlink.h"

#define LOOPBACK_INDEX                                                                             \
    1 /* the first device of a network namespace: LOOPBACK_IFINDEX in the kernel */

/* An address of either family, without a port. */
struct host {
    uint8_t family;
    uint8_t size;
    unsigned char bytes[16];
};

static void host_of(const struct sockaddr *address, struct host *host)
{
    const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)address;
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)(const void *)address;
    bool is_ipv6 = address->sa_family == AF_INET6;
    host->family = (uint8_t)address->sa_family;
    host->size = is_ipv6 ? sizeof in6->sin6_addr : sizeof in->sin_addr;
    memcpy(host->bytes, is_ipv6 ? (const void *)&in6->sin6_addr : (const void *)&in->sin_addr,
        host->size);
}

/* Finds the source address that the machine would use, by connecting a UDP socket, which sends
 * nothing. False: the machine has no route. */
static bool find_source(int family, struct host *host)
{
    const struct sockaddr_in anywhere = {
        .sin_family = AF_INET, .sin_port = htons(53), .sin_addr.s_addr = htonl(0x01010101)};
    const struct sockaddr_in6 anywhere6 = {
        .sin6_family = AF_INET6, .sin6_port = htons(53), .sin6_addr.s6_addr = {0x20, 0, [15] = 1}};
    struct sockaddr_storage address = {0};
    socklen_t size = sizeof address;
    int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    int result = family == AF_INET
                     ? connect(fd, (const struct sockaddr *)&anywhere, sizeof anywhere)
                     : connect(fd, (const struct sockaddr *)&anywhere6, sizeof anywhere6);
    if (result == 0)
        result = getsockname(fd, (struct sockaddr *)&address, &size);
    close(fd);
    if (result == 0)
        host_of((struct sockaddr *)&address, host);
    return result == 0;
}

/* Finds a source address if there is no route: that of a device that is up, else loopback. */
static void find_any_source(int family, struct host *host)
{
    const struct sockaddr_in loopback = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const struct sockaddr_in6 loopback6 = {
        .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    struct ifaddrs *list = NULL;
    host_of(family == AF_INET ? (const struct sockaddr *)&loopback
                              : (const struct sockaddr *)&loopback6,
        host);
    if (getifaddrs(&list) != 0)
        return;
    for (const struct ifaddrs *at = list; at != NULL; at = at->ifa_next) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)(const void *)at->ifa_addr;
        if (at->ifa_addr == NULL || at->ifa_addr->sa_family != family ||
            (at->ifa_flags & IFF_UP) == 0 || (at->ifa_flags & IFF_LOOPBACK) != 0 ||
            (family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL(&in6->sin6_addr)))
            continue;
        host_of(at->ifa_addr, host);
        break;
    }
    freeifaddrs(list);
}

static void put_address(struct netlink *netlink, const struct host *host)
{
    const struct ifaddrmsg header = {
        .ifa_family = host->family,
        .ifa_prefixlen = (uint8_t)(host->size * 8),
        .ifa_flags = IFA_F_NODAD,
        .ifa_scope = RT_SCOPE_UNIVERSE,
        .ifa_index = LOOPBACK_INDEX,
    };
    netlink_begin(netlink, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, &header, sizeof header);
    netlink_put(netlink, IFA_LOCAL, host->bytes, host->size);
    netlink_put(netlink, IFA_ADDRESS, host->bytes, host->size);
}

/* Adds a local route to `prefix` bits of an address. `source` is the preferred source address. */
static void put_route(struct netlink *netlink, const struct host *destination, unsigned prefix,
    const struct host *source)
{
    const uint32_t device = LOOPBACK_INDEX;
    const struct rtmsg header = {
        .rtm_family = destination->family,
        .rtm_dst_len = (uint8_t)prefix,
        .rtm_table = RT_TABLE_LOCAL,
        .rtm_protocol = RTPROT_BOOT,
        .rtm_scope = RT_SCOPE_HOST,
        .rtm_type = RTN_LOCAL,
    };
    netlink_begin(netlink, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, &header, sizeof header);
    if (prefix > 0)
        netlink_put(netlink, RTA_DST, destination->bytes, destination->size);
    netlink_put(netlink, RTA_OIF, &device, sizeof device);
    netlink_put(netlink, RTA_PREFSRC, source->bytes, source->size);
}

/* Sends one message over a new socket. After an error, closing the socket drops unread answers. */
static int send_message(struct netns *netns, struct netlink *netlink)
{
    int fd = netns_socket(netns, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
    if (fd < 0) {
        netlink_deinit(netlink);
        return fd;
    }
    netlink_want_ack(netlink);
    int result = netlink_send(netlink, fd);
    netlink_deinit(netlink);
    close(fd);
    return result;
}

static int add_address(struct netns *netns, const struct host *host)
{
    struct netlink netlink;
    netlink_init(&netlink);
    put_address(&netlink, host);
    return send_message(netns, &netlink);
}

static int add_route(
    struct netns *netns, const struct host *destination, unsigned prefix, const struct host *source)
{
    struct netlink netlink;
    netlink_init(&netlink);
    put_route(&netlink, destination, prefix, source);
    return send_message(netns, &netlink);
}

static bool is_loopback(const struct host *host)
{
    return host->family == AF_INET ? host->bytes[0] == IN_LOOPBACKNET
                                   : memcmp(host->bytes, &in6addr_loopback, host->size) == 0;
}

/* --- the machine's own routes over IPv6 --- */

/* Copies one route of the kernel's table, if the machine sends by it or it is an own address. */
static void copy_route(
    struct netns *netns, const struct nlmsghdr *message, const struct host *source)
{
    const struct rtmsg *route = NLMSG_DATA(message);
    struct host destination = {.family = AF_INET6, .size = 16};
    size_t left = RTM_PAYLOAD(message);
    if (route->rtm_family != AF_INET6 ||
        (route->rtm_type != RTN_UNICAST && route->rtm_type != RTN_LOCAL))
        return;
    for (const struct rtattr *at = RTM_RTA(route); RTA_OK(at, left); at = RTA_NEXT(at, left))
        if (at->rta_type == RTA_DST && RTA_PAYLOAD(at) == destination.size)
            memcpy(destination.bytes, RTA_DATA(at), destination.size);
    add_route(netns, &destination, route->rtm_dst_len, source);
}

/* False: that was the last message. */
static bool copy_answer(
    struct netns *netns, const struct nlmsghdr *message, size_t length, const struct host *source)
{
    for (; NLMSG_OK(message, length); message = NLMSG_NEXT(message, length)) {
        if (message->nlmsg_type == NLMSG_DONE || message->nlmsg_type == NLMSG_ERROR)
            return false;
        if (message->nlmsg_type == RTM_NEWROUTE)
            copy_route(netns, message, source);
    }
    return true;
}

/* Copies the machine's IPv6 routes. A route that cannot be copied is left out, and its addresses
 * are unreachable. */
static void copy_routes(struct netns *netns, const struct host *source)
{
    union {
        struct nlmsghdr header;
        unsigned char bytes[32768];
    } answer;
    const struct {
        struct nlmsghdr header;
        struct rtmsg route;
    } request = {
        .header = {.nlmsg_len = sizeof request,
            .nlmsg_type = RTM_GETROUTE,
            .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
        .route = {.rtm_family = AF_INET6},
    };
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (fd < 0)
        return;
    ssize_t n = send(fd, &request, sizeof request, 0);
    while (n > 0) {
        n = recv(fd, &answer, sizeof answer, 0);
        if (n > 0 && !copy_answer(netns, &answer.header, (size_t)n, source))
            break;
    }
    close(fd);
}

/* --- both families --- */

static int add_everything(struct netns *netns, const struct host *source)
{
    const struct host anywhere = {.family = source->family, .size = source->size};
    return add_route(netns, &anywhere, 0, source);
}

/* Errors are ignored: if the machine has no IPv6, neither has the command. */
static void add_ipv6(struct netns *netns, bool all_ipv6)
{
    struct host source;
    bool has_route = find_source(AF_INET6, &source);
    if (!has_route)
        find_any_source(AF_INET6, &source);
    if (!is_loopback(&source))
        add_address(netns, &source);
    if (has_route || all_ipv6)
        add_everything(netns, &source);
    else
        copy_routes(netns, &source);
}

int routes_add(struct netns *netns, bool all_ipv6, struct err *err)
{
    struct host source;
    if (!find_source(AF_INET, &source))
        find_any_source(AF_INET, &source);
    int result = is_loopback(&source) ? 0 : add_address(netns, &source);
    if (result == 0)
        result = add_everything(netns, &source);
    if (result != 0)
        return err_set(
            err, "--intercept: cannot add a route in the command's network: %s", strerror(-result));
    add_ipv6(netns, all_ipv6);
    return 0;
}
