/* SPDX-License-Identifier: MIT */
#include "proxy/net/congestion.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>

#define UNPACED "reno"

void congestion_ask(struct system_congestion *system)
{
    char name[CONGESTION_NAME_SIZE] = "";
    socklen_t size = sizeof name - 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    if (getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name, &size) == 0)
        memcpy(system->name, name, sizeof name);
    close(fd);
}

static bool is_paced(const struct system_congestion *system)
{
    return strncmp(system->name, "bbr", 3) == 0; /* also bbr2 and bbr3 */
}

static bool set_algorithm(int fd, const char *name)
{
    return setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name, (socklen_t)strlen(name)) == 0;
}

bool congestion_unpace(const struct system_congestion *system, int fd,
    const struct sockaddr_storage *address, const struct proxy_config *proxy)
{
    return proxy->congestion == CONGESTION_AUTO && is_paced(system) &&
           address_is_loopback(address) && set_algorithm(fd, UNPACED);
}

void congestion_restore(const struct system_congestion *system, int fd)
{
    set_algorithm(fd, system->name);
}
