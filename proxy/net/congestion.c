/* SPDX-License-Identifier: MIT */
/* See congestion.h. The kernel's default is what a new socket has (net.ipv4.tcp_congestion_control). */
#include "proxy/net/congestion.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>

#define NAME_MAX_SIZE 16 /* TCP_CA_NAME_MAX in include/net/tcp.h */
#define UNPACED "reno"

/* Its name, not longer than fits; "" when it cannot be told. */
static void ask_default(char name[NAME_MAX_SIZE])
{
    socklen_t size = NAME_MAX_SIZE - 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    memset(name, 0, NAME_MAX_SIZE);
    if (fd < 0)
        return;
    if (getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name, &size) != 0)
        name[0] = '\0';
    close(fd);
}

static bool paces(const char *name)
{
    return strncmp(name, "bbr", 3) == 0; /* bbr2 and bbr3 too */
}

static bool is_loopback(const struct sockaddr_storage *address)
{
    const struct sockaddr_in *in = (const struct sockaddr_in *)address;
    const struct in6_addr *in6 = &((const struct sockaddr_in6 *)address)->sin6_addr;
    if (address->ss_family == AF_INET)
        return ntohl(in->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
    return address->ss_family == AF_INET6 &&
           (IN6_IS_ADDR_LOOPBACK(in6) ||
               (IN6_IS_ADDR_V4MAPPED(in6) && in6->s6_addr[12] == IN_LOOPBACKNET));
}

static bool wants_unpaced(const struct sockaddr_storage *address, const struct proxy_config *proxy)
{
    return proxy->congestion == CONGESTION_AUTO && is_loopback(address);
}

static void set(int fd, const char *name)
{
    setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name, (socklen_t)strlen(name));
}

bool congestion_is_paced(void)
{
    char name[NAME_MAX_SIZE];
    ask_default(name);
    return paces(name);
}

void congestion_set_dialled(
    int fd, const struct sockaddr_storage *address, const struct proxy_config *proxy)
{
    if (wants_unpaced(address, proxy))
        set(fd, UNPACED);
}

void congestion_set_listening(
    int fd, const struct sockaddr_storage *address, const struct proxy_config *proxy)
{
    char name[NAME_MAX_SIZE];
    ask_default(name);
    set(fd, paces(name) && wants_unpaced(address, proxy) ? UNPACED : name);
}
