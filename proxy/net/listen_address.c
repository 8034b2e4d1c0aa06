/* SPDX-License-Identifier: MIT */
#include "proxy/net/listen_address.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "proxy/base/listen.h"

bool listen_address_is_localhost(const struct address *address)
{
    return address->kind == ADDRESS_NAME && strcasecmp(address->host, "localhost") == 0;
}

bool listen_address_is_known(const struct address *address, struct resolver *resolver)
{
    if (address->kind != ADDRESS_NAME || listen_address_is_localhost(address))
        return true;
    struct resolved *resolved = resolver_ask(resolver, address->host);
    bool known = resolved != NULL;
    resolved_unref(resolved);
    return known;
}

static int resolve_name(const struct address *address, struct resolver *resolver,
    struct sockaddr_storage *out, socklen_t *len, struct err *err)
{
    struct resolved *resolved = resolver_ask(resolver, address->host);
    const char *problem = resolved == NULL ? "it is being looked up" : resolved->problem;
    if (problem == NULL) {
        *out = resolved->addresses[0];
        *len = out->ss_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
        sockaddr_set_port(out, address->port);
    }
    int result =
        problem == NULL ? 0 : err_set(err, "cannot resolve %s: %s", address->host, problem);
    resolved_unref(resolved);
    return result;
}

int listen_address_resolve(const struct address *address, struct resolver *resolver,
    struct sockaddr_storage *out, socklen_t *len, struct err *err)
{
    if (listen_address_is_localhost(address)) {
        const struct address ipv4 = {
            .kind = ADDRESS_IP, .host = "127.0.0.1", .port = address->port};
        *len = address_to_sockaddr(&ipv4, out);
        return 0;
    }
    if (address->kind == ADDRESS_NAME)
        return resolve_name(address, resolver, out, len, err);
    if (address->kind == ADDRESS_NOWHERE || address->kind == ADDRESS_DIALLED)
        return err_set(err, "cannot listen on '%s': it is no address", address->host);
    *len = address_to_sockaddr(address, out);
    return 0;
}

void listen_address_describe(const struct address *address, const struct sockaddr_storage *bound,
    socklen_t bound_len, char *buf, size_t size)
{
    char resolved[ADDRESS_TEXT_MAX];
    address_format(address, buf, size);
    if (address->kind != ADDRESS_NAME)
        return;
    address_format_sockaddr(bound, bound_len, resolved, sizeof resolved);
    size_t used = strlen(buf);
    snprintf(buf + used, size - used, " (%s)", resolved);
}

/* A crashed run leaves its socket file behind, and bind() would fail with EADDRINUSE. */
void listen_address_remove_stale(const struct sockaddr_storage *address, socklen_t len)
{
    const char *path = ((const struct sockaddr_un *)address)->sun_path;
    struct stat status;
    if (stat(path, &status) != 0 || !S_ISSOCK(status.st_mode))
        return;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)address, len) != 0 && errno == ECONNREFUSED)
        unlink(path);
    if (fd >= 0)
        close(fd);
}

static int try_to_listen(const struct sockaddr_storage *address, socklen_t len)
{
    bool is_unix = address->ss_family == AF_UNIX;
    int fd = socket(address->ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return errno;
    if (is_unix)
        listen_address_remove_stale(address, len);
    int errnum = -bind_and_listen(fd, address, len, 1);
    close(fd);
    if (errnum == 0 && is_unix)
        unlink(((const struct sockaddr_un *)address)->sun_path);
    return errnum;
}

int listen_address_try(
    const struct address *address, struct resolver *resolver, int *errnum, struct err *err)
{
    struct sockaddr_storage resolved = {0};
    socklen_t len = 0;
    char text[ADDRESS_TEXT_MAX];
    *errnum = 0;
    if (listen_address_resolve(address, resolver, &resolved, &len, err) != 0)
        return -1;
    *errnum = try_to_listen(&resolved, len);
    if (*errnum == 0)
        return 0;
    address_format(address, text, sizeof text);
    return err_set(err, "cannot listen on %s: %s", text, strerror(*errnum));
}
