/* SPDX-License-Identifier: MIT */
/* The name servers of the machine: /etc/resolv.conf (resolv.conf(5)). */
#ifndef RUDEPROXY_APP_INTERCEPT_RESOLV_H
#define RUDEPROXY_APP_INTERCEPT_RESOLV_H

#include <stddef.h>
#include <sys/socket.h>

#define RESOLV_SERVERS_MAX 3 /* MAXNS in resolv.h: a resolver asks no more */
#define RESOLV_PORT 53

struct resolv {
    size_t count; /* at least 1 */
    struct sockaddr_storage servers[RESOLV_SERVERS_MAX];
};

/* Without a file, or without a server in it: 127.0.0.1, as the C library has it. */
void resolv_read(struct resolv *resolv, const char *path);

/* The server of the same address as `asked`, else the first. */
const struct sockaddr_storage *resolv_choose(
    const struct resolv *resolv, const struct sockaddr_storage *asked);

socklen_t resolv_address_size(const struct sockaddr_storage *address);

#endif
