/* SPDX-License-Identifier: MIT */
/*
 * Converts text to an address and back, for the three families that the peers use.
 *
 * The text is cut at its last colon, brackets are removed from the host, and inet_pton() parses the
 * rest. A text that inet_pton() refuses is -EINVAL. Nothing is resolved.
 */
#include "proxy/peers/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#define UNIX_PREFIX "unix:"

static int parse_unix(const char *path, struct peer_address *out)
{
    struct sockaddr_un *un = (struct sockaddr_un *)(void *)&out->storage;
    size_t length = strlen(path);

    if (length == 0 || length >= sizeof(un->sun_path))
        return -EINVAL;
    un->sun_family = AF_UNIX;
    memcpy(un->sun_path, path, length + 1);
    out->length = (socklen_t)sizeof(*un);
    return 0;
}

static int parse_port(const char *text, in_port_t *port)
{
    char *end = NULL;
    errno = 0;
    unsigned long value = strtoul(text, &end, 10);

    if (errno != 0 || end == text || *end != '\0' || *text == '-' || value > 65535)
        return -EINVAL;
    *port = htons((uint16_t)value);
    return 0;
}

static int parse_inet(const char *host, in_port_t port, struct peer_address *out)
{
    struct sockaddr_in *in = (struct sockaddr_in *)(void *)&out->storage;

    if (inet_pton(AF_INET, host, &in->sin_addr) != 1)
        return -EINVAL;
    in->sin_family = AF_INET;
    in->sin_port = port;
    out->length = (socklen_t)sizeof(*in);
    return 0;
}

static int parse_inet6(const char *host, in_port_t port, struct peer_address *out)
{
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)(void *)&out->storage;

    if (inet_pton(AF_INET6, host, &in6->sin6_addr) != 1)
        return -EINVAL;
    in6->sin6_family = AF_INET6;
    in6->sin6_port = port;
    out->length = (socklen_t)sizeof(*in6);
    return 0;
}

int peer_address_parse(const char *text, struct peer_address *out)
{
    char host[INET6_ADDRSTRLEN + 2];
    in_port_t port = 0;

    memset(out, 0, sizeof(*out));
    if (strncmp(text, UNIX_PREFIX, strlen(UNIX_PREFIX)) == 0)
        return parse_unix(text + strlen(UNIX_PREFIX), out);

    const char *colon = strrchr(text, ':');
    if (colon == NULL || parse_port(colon + 1, &port) != 0)
        return -EINVAL;
    size_t length = (size_t)(colon - text);
    if (length >= sizeof(host))
        return -EINVAL;
    memcpy(host, text, length);
    host[length] = '\0';

    if (length >= 2 && host[0] == '[' && host[length - 1] == ']') {
        host[length - 1] = '\0';
        return parse_inet6(host + 1, port, out);
    }
    return parse_inet(host, port, out);
}

int peer_address_format(const struct peer_address *address, char *text, size_t size)
{
    char host[INET6_ADDRSTRLEN] = "";

    if (peer_address_path(address) != NULL) {
        snprintf(text, size, UNIX_PREFIX "%s", peer_address_path(address));
        return 0;
    }
    if (peer_address_family(address) == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)&address->storage;
        inet_ntop(AF_INET, &in->sin_addr, host, sizeof(host));
        snprintf(text, size, "%s:%u", host, ntohs(in->sin_port));
        return 0;
    }
    if (peer_address_family(address) == AF_INET6) {
        const struct sockaddr_in6 *in6 =
            (const struct sockaddr_in6 *)(const void *)&address->storage;
        inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof(host));
        snprintf(text, size, "[%s]:%u", host, ntohs(in6->sin6_port));
        return 0;
    }
    snprintf(text, size, "?");
    return -EINVAL;
}

int peer_address_of_socket(int fd, struct peer_address *out)
{
    memset(out, 0, sizeof(*out));
    out->length = (socklen_t)sizeof(out->storage);
    if (getsockname(fd, (struct sockaddr *)(void *)&out->storage, &out->length) != 0)
        return -errno;
    return 0;
}

int peer_address_reserve(const char *any, struct peer_address *out)
{
    const int on = 1;
    int result = peer_address_parse(any, out);
    if (result != 0)
        return result;
    int fd = socket(peer_address_family(out), SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
        bind(fd, (const struct sockaddr *)(const void *)&out->storage, out->length) != 0)
        result = -errno;
    else
        result = peer_address_of_socket(fd, out);
    if (result == 0)
        return fd;
    close(fd);
    return result;
}

int peer_address_family(const struct peer_address *address)
{
    return address->storage.ss_family;
}

const char *peer_address_path(const struct peer_address *address)
{
    if (address->storage.ss_family != AF_UNIX)
        return NULL;
    return ((const struct sockaddr_un *)(const void *)&address->storage)->sun_path;
}
