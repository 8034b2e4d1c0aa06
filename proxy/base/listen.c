/* SPDX-License-Identifier: MIT */
/*
 * With SO_REUSEADDR (socket(7)), two sockets may be bound to one port as long as neither listens.
 * The kernel chooses a port for port 0 by the same rule. So between our bind() and our listen()
 * another program could get our port, listen there, and answer our clients. Without the option the
 * port is ours alone. It is set behind listen(), because accepted sockets inherit it: connections
 * in TIME_WAIT must not keep the next listener from the port.
 */
#include "proxy/base/listen.h"

#include <errno.h>

#include "proxy/base/address.h"

static int reuse_address(int fd)
{
    const int on = 1;
    return setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
}

int bind_and_listen(
    int fd, const struct sockaddr_storage *address, socklen_t address_len, int backlog)
{
    bool is_tcp = address->ss_family != AF_UNIX;
    bool is_any_port = is_tcp && sockaddr_port(address) == 0;
    if (is_tcp && !is_any_port && reuse_address(fd) != 0)
        return -errno;
    if (bind(fd, (const struct sockaddr *)address, address_len) != 0 || listen(fd, backlog) != 0)
        return -errno;
    return is_any_port && reuse_address(fd) != 0 ? -errno : 0;
}

bool accept_error_is_of_client(int errnum)
{
    static const int errnums[] = {ECONNABORTED, EINTR, ENETDOWN, EPROTO, ENOPROTOOPT, EHOSTDOWN,
        ENONET, EHOSTUNREACH, EOPNOTSUPP, ENETUNREACH};
    for (size_t i = 0; i < sizeof errnums / sizeof errnums[0]; i++)
        if (errnums[i] == errnum)
            return true;
    return false;
}
