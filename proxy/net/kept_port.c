/* SPDX-License-Identifier: MIT */
#include "proxy/net/kept_port.h"

#include <errno.h>
#include <netinet/in.h>
#include <unistd.h>

void kept_port_take_both_families(int fd, const struct sockaddr_storage *address)
{
    const int off = 0;
    const struct sockaddr_in6 *ipv6 = (const struct sockaddr_in6 *)address;
    if (address->ss_family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&ipv6->sin6_addr))
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
}

int kept_port_bind(const struct sockaddr_storage *address, socklen_t address_len)
{
    const int on = 1;
    int fd = socket(address->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    kept_port_take_both_families(fd, address);
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
        bind(fd, (const struct sockaddr *)address, address_len) == 0)
        return fd;
    close(fd);
    return -1;
}

/* tcp_disconnect() in net/ipv4/tcp.c does it. */
int kept_port_stop_listening(int fd)
{
    return shutdown(fd, SHUT_RDWR) == 0 ? 0 : -errno;
}
