/* SPDX-License-Identifier: MIT */
#include "proxy/net/socket_options.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int socket_set_int(int fd, int level, int name, uint64_t value)
{
    int number = (int)value;
    return setsockopt(fd, level, name, &number, sizeof number) == 0 ? 0 : -errno;
}

void socket_linger_zero(int fd)
{
    const struct linger reset = {.l_onoff = 1, .l_linger = 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
}

static void set_if_possible(int fd, int level, int name, int value)
{
    setsockopt(fd, level, name, &value, sizeof value);
}

void socket_fin_then_reset(int fd)
{
    set_if_possible(fd, IPPROTO_TCP, TCP_LINGER2, -1);
}

void socket_vanish(int fd)
{
    set_if_possible(fd, IPPROTO_TCP, TCP_REPAIR, 1);
}

void socket_keep_alive(int fd, unsigned after_s)
{
    set_if_possible(fd, IPPROTO_TCP, TCP_KEEPIDLE, (int)after_s);
    set_if_possible(fd, IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_INTERVAL_S);
    set_if_possible(fd, IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_COUNT);
    set_if_possible(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
}

/* Sets a buffer size. The kernel doubles the value, and silently limits it (socket(7)); with
 * CAP_NET_ADMIN there is no limit. Returns 0, -ERANGE if the kernel limited it, or negative
 * errno. */
static int set_buffer(int fd, int name, int force_name, uint64_t value)
{
    int granted = 0;
    socklen_t size = sizeof granted;
    if (value == 0 || socket_set_int(fd, SOL_SOCKET, force_name, value) == 0)
        return 0;
    int result = socket_set_int(fd, SOL_SOCKET, name, value);
    if (result != 0 || getsockopt(fd, SOL_SOCKET, name, &granted, &size) != 0)
        return result != 0 ? result : -errno;
    return (uint64_t)granted < 2 * value ? -ERANGE : 0;
}

static int set_buffers(int fd, const struct proxy_config *proxy)
{
    int result = set_buffer(fd, SO_RCVBUF, SO_RCVBUFFORCE, proxy->rcvbuf);
    return result != 0 ? result : set_buffer(fd, SO_SNDBUF, SO_SNDBUFFORCE, proxy->sndbuf);
}

/* Sets the options that must be set before connect() or listen(): a buffer size decides the window,
 * and without SO_OOBINLINE the kernel drops an unread urgent byte when a second one arrives
 * (tcp_urg). */
int socket_set_early_options(int fd, const struct proxy_config *proxy)
{
    int result = set_buffers(fd, proxy);
    return result != 0 ? result : socket_set_int(fd, SOL_SOCKET, SO_OOBINLINE, 1);
}

int socket_set_options(int fd, int family, const struct proxy_config *proxy)
{
    int result = socket_set_early_options(fd, proxy);
    if (family == AF_UNIX || result != 0)
        return result;
    return socket_set_int(fd, IPPROTO_TCP, TCP_NODELAY, proxy->nodelay);
}

const char *socket_options_error(int result)
{
    return result == -ERANGE ? "rcvbuf or sndbuf is more than net.core.rmem_max or wmem_max allows"
                             : strerror(-result);
}

int socket_check_buffers(const struct proxy_config *proxy, struct err *err)
{
    if (proxy->rcvbuf == 0 && proxy->sndbuf == 0)
        return 0;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int result = fd < 0 ? -errno : set_buffers(fd, proxy);
    if (fd >= 0)
        close(fd);
    return result == 0 ? 0
                       : err_set(err, "[proxy %s] %s", proxy->name, socket_options_error(result));
}
